#include "core/ids.hpp"

#include "core/require.hpp"

namespace tranche {
namespace {

// No i, l, o, u: ids are read aloud and typed by people (Crockford's base 32).
constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view prefix = "q1-";
constexpr std::string_view role_letters = "etscb";  // in the order of Role

struct Layout {
    std::size_t at;
    std::size_t length;
};
constexpr Layout instance_field{3, 2};
constexpr Layout epoch_field{6, 7};
constexpr Layout tranche_field{14, 7};
constexpr std::size_t role_at = 22;
constexpr Layout generation_field{23, 4};
constexpr Layout check_field{28, 2};

void put(ClientOrderIdText& text, Layout field, std::uint64_t value) {
    for (std::size_t i = field.length; i-- > 0; value >>= 5)
        text[field.at + i] = digits[value & 31];
    require(value == 0, "a field of a client order id has room for its value");
}

std::optional<std::uint64_t> take(std::string_view text, Layout field) {
    std::uint64_t value = 0;
    for (const char c : text.substr(field.at, field.length)) {
        const auto digit = digits.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        value = value << 5 | digit;
    }
    return value;
}

/// Ten bits that change with any single character: CRC-10/ATM over the text before them.
std::uint64_t check_of(std::string_view text) {
    std::uint32_t crc = 0;
    for (const char c : text) {
        crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 2;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x200U) != 0 ? crc << 1 ^ 0x633U : crc << 1;
        crc &= 0x3ffU;
    }
    return crc;
}

}  // namespace

ClientOrderIdText encode(const ClientOrderId& id) {
    ClientOrderIdText text;
    text.fill('-');
    prefix.copy(text.data(), prefix.size());
    put(text, instance_field, id.instance);
    put(text, epoch_field, id.epoch);
    put(text, tranche_field, static_cast<std::uint32_t>(id.tranche));
    text[role_at] = role_letters[static_cast<std::size_t>(id.role)];
    put(text, generation_field, id.generation);
    put(text, check_field, check_of({text.data(), check_field.at}));
    return text;
}

std::optional<ClientOrderId> decode_client_order_id(std::string_view text) {
    if (text.size() != client_order_id_length || !text.starts_with(prefix)) return std::nullopt;
    if (text[5] != '-' || text[13] != '-' || text[21] != '-' || text[27] != '-')
        return std::nullopt;
    const auto instance = take(text, instance_field);
    const auto epoch = take(text, epoch_field);
    const auto tranche = take(text, tranche_field);
    const auto generation = take(text, generation_field);
    const auto check = take(text, check_field);
    const auto role = role_letters.find(text[role_at]);
    if (!instance || !epoch || !tranche || !generation || !check || role == std::string_view::npos)
        return std::nullopt;
    if (*check != check_of(text.substr(0, check_field.at))) return std::nullopt;
    if (*epoch > UINT32_MAX || *tranche > UINT32_MAX) return std::nullopt;
    return ClientOrderId{.instance = static_cast<std::uint16_t>(*instance),
                         .role = static_cast<Role>(role),
                         .reserved = 0,
                         .epoch = static_cast<std::uint32_t>(*epoch),
                         .tranche = TrancheId{static_cast<std::uint32_t>(*tranche)},
                         .generation = static_cast<std::uint32_t>(*generation)};
}

}  // namespace tranche
