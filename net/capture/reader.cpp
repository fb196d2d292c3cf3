#include "net/capture/reader.hpp"

#include <algorithm>
#include <limits>

#include "core/numbers.hpp"

namespace tranche::capture {
namespace {

constexpr std::uint32_t section_header = 0x0A0D0D0A;
constexpr std::uint32_t interface_description = 1;
constexpr std::uint32_t packet_block = 2;  // obsolete
constexpr std::uint32_t simple_packet = 3;
constexpr std::uint32_t enhanced_packet = 6;
constexpr std::uint32_t decryption_secrets = 10;
constexpr std::uint32_t custom_block = 0x00000BAD;
constexpr std::uint32_t tls_key_log = 0x544C534B;
constexpr std::uint32_t order_mark = 0x1A2B3C4D;
constexpr std::uint16_t option_end = 0;
constexpr std::uint16_t option_resolution = 9;
constexpr std::uint16_t option_offset = 14;
constexpr std::size_t interfaces_limit = 4096;

LinkType link_of(std::uint32_t number) {
    return static_cast<LinkType>(number & 0xFFFFU);  // above: length of the frame check sequence
}

/// Nanoseconds since 1970; false when they do not fit.
bool to_time(std::uint64_t ticks, std::uint64_t units, std::int64_t offset, Nanos& time) {
    const Wide whole = static_cast<Wide>(ticks / units) + offset;
    const Wide part = static_cast<Wide>(ticks % units) * 1'000'000'000 / static_cast<Wide>(units);
    const Wide sum = whole * 1'000'000'000 + part;
    if (sum < 0 || sum > std::numeric_limits<std::int64_t>::max()) return false;
    time = Nanos{static_cast<std::int64_t>(sum)};
    return true;
}

}  // namespace

Result<CaptureReader> CaptureReader::open(const std::string& path) {
    auto input = Input::open(path);
    if (!input) return input.error();
    return read(std::move(input).value(), path);
}

Result<CaptureReader> CaptureReader::read(std::unique_ptr<Input> input, std::string name) {
    CaptureReader reader{std::move(input), std::move(name)};
    if (auto done = reader.read_head(); !done) return done.error();
    return reader;
}

Result<Done> CaptureReader::read_head() {
    const Bytes head = input_->peek(24);
    const Error none{ErrorKind::bad_data,
                     name_ +
                         ": is no capture; expected pcap or pcapng, plain or packed by gzip "
                         "or zstd"};
    if (head.size() < 4) return none;
    if (little32(head, 0) == section_header) {
        pcapng_ = true;
        return Done{};
    }
    for (const bool little : {true, false}) {
        little_ = little;
        const std::uint32_t magic = u32(head, 0);
        if (magic != 0xA1B2C3D4 && magic != 0xA1B23C4D && magic != 0xA1B2CD34) continue;
        if (head.size() < 24)
            return Error{ErrorKind::bad_data, name_ + ": ends inside the header of the file"};
        nanoseconds_ = magic == 0xA1B23C4D;
        if (magic == 0xA1B2CD34) record_head_ = 24;  // an old patch of libpcap
        link_ = link_of(u32(head, 20));
        input_->skip(24);
        return Done{};
    }
    return none;
}

ReadVerdict CaptureReader::broken(const std::string& what) {
    trouble_ = name_ + ": " + what + " at byte " + std::to_string(input_->offset());
    return ReadVerdict::broken;
}

ReadVerdict CaptureReader::cut() {
    return broken(input_->failed() ? "cannot be read or unpacked any further"
                                   : "ends inside a packet");
}

ReadVerdict CaptureReader::next_record(Packet& packet) {
    if (!trouble_.empty()) return ReadVerdict::broken;
    input_->skip(pending_);
    pending_ = 0;
    Bytes bytes = input_->peek(record_head_);
    if (bytes.empty() && !input_->failed()) return ReadVerdict::end;
    if (bytes.size() < record_head_) return cut();
    const std::uint32_t captured = u32(bytes, 8);
    if (captured > longest_packet)
        return broken("a packet of " + std::to_string(captured) + " bytes, which cannot be,");
    const std::size_t whole = record_head_ + std::size_t{captured};
    if (bytes.size() < whole) {
        bytes = input_->peek(whole);
        if (bytes.size() < whole) return cut();
    }
    packet.time =
        seconds(u32(bytes, 0)) + Nanos{std::int64_t{u32(bytes, 4)} * (nanoseconds_ ? 1 : 1'000)};
    packet.length = std::max(u32(bytes, 12), captured);
    packet.bytes = bytes.subspan(record_head_, captured);
    packet.link = link_;
    pending_ = whole;
    return ReadVerdict::packet;
}

ReadVerdict CaptureReader::next_block(Packet& packet) {
    if (!trouble_.empty()) return ReadVerdict::broken;
    while (true) {
        input_->skip(pending_);
        pending_ = 0;
        Bytes head = input_->peek(12);
        if (head.empty() && !input_->failed()) return ReadVerdict::end;
        if (head.size() < 12) return cut();
        if (little32(head, 0) == section_header && !begin_section())
            return broken("a section without a byte order");
        head = input_->peek(12);
        const std::uint32_t type = u32(head, 0);
        const std::uint32_t length = u32(head, 4);
        if (length < 12 || length % 4 != 0)
            return broken("a block of " + std::to_string(length) + " bytes, which cannot be,");
        const bool matters = type == interface_description || type == packet_block ||
                             type == simple_packet || type == enhanced_packet ||
                             type == decryption_secrets || type == custom_block;
        if (!matters) {
            if (!input_->skip(length)) return cut();
            continue;
        }
        if (length > Input::longest)
            return broken("a block of " + std::to_string(length) + " bytes, which cannot be,");
        const Bytes block = input_->peek(length);
        if (block.size() < length) return cut();
        if (u32(block, length - 4) != length) return broken("a block with two lengths");
        bool told = false;
        const ReadVerdict verdict = take_block(type, block.subspan(8, length - 12), packet, told);
        if (verdict == ReadVerdict::broken) return verdict;
        pending_ = length;
        if (told) return verdict;
    }
}

bool CaptureReader::begin_section() {
    const Bytes head = input_->peek(12);
    if (little32(head, 8) == order_mark)
        little_ = true;
    else if (big32(head, 8) == order_mark)
        little_ = false;
    else
        return false;
    interfaces_.clear();
    return true;
}

ReadVerdict CaptureReader::take_block(std::uint32_t type, Bytes body, Packet& packet, bool& told) {
    const auto packet_from = [&](std::size_t which, std::uint64_t ticks, std::size_t at,
                                 std::uint32_t captured, std::uint32_t length) {
        if (which >= interfaces_.size() || captured > body.size() - at) {
            ++odd_;
            return ReadVerdict::packet;
        }
        told = take_packet(interfaces_[which], ticks, body.subspan(at), captured, length, packet);
        return ReadVerdict::packet;
    };
    const auto ticks_at = [&](std::size_t at) {
        return (static_cast<std::uint64_t>(u32(body, at)) << 32U) | u32(body, at + 4);
    };
    if (type == interface_description && body.size() >= 8) {
        add_interface(body);
    } else if (type == enhanced_packet && body.size() >= 20) {
        return packet_from(u32(body, 0), ticks_at(4), 20, u32(body, 12), u32(body, 16));
    } else if (type == packet_block && body.size() >= 20) {
        return packet_from(u16(body, 0), ticks_at(4), 20, u32(body, 12), u32(body, 16));
    } else if (type == simple_packet && body.size() >= 4 && !interfaces_.empty()) {
        const std::uint32_t length = u32(body, 0);
        const std::uint32_t snap = interfaces_[0].snap_length;
        std::uint32_t captured = std::min(length, static_cast<std::uint32_t>(body.size() - 4));
        if (snap != 0) captured = std::min(captured, snap);
        told = take_packet({interfaces_[0].link, snap, 1'000'000'000, 0},
                           static_cast<std::uint64_t>(newest_.count), body.subspan(4), captured,
                           length, packet);
    } else if (type == decryption_secrets && body.size() >= 8) {
        if (u32(body, 0) == tls_key_log && u32(body, 4) <= body.size() - 8) {
            secrets_ = body.subspan(8, u32(body, 4));
            told = true;
            return ReadVerdict::secrets;
        }
    } else if (type == custom_block && body.size() >= 16 && u32(body, 0) == example_enterprise &&
               u32(body, 4) == gap_mark) {
        missed_ = (static_cast<std::uint64_t>(u32(body, 8)) << 32U) | u32(body, 12);
        told = true;
        return ReadVerdict::gap;
    } else if (type != custom_block) {
        ++odd_;
    }
    return ReadVerdict::packet;
}

bool CaptureReader::take_packet(const Interface& from, std::uint64_t ticks, Bytes data,
                                std::uint32_t captured, std::uint32_t length, Packet& packet) {
    if (captured > longest_packet) {
        ++odd_;
        return false;
    }
    // A time that cannot be does not make the packet worthless.
    if (!to_time(ticks, from.units, from.offset, packet.time)) {
        ++odd_;
        packet.time = newest_;
    }
    newest_ = packet.time;
    packet.bytes = data.first(captured);
    packet.length = std::max(length, captured);
    packet.link = from.link;
    return true;
}

void CaptureReader::add_interface(Bytes body) {
    Interface added;
    added.link = link_of(u16(body, 0));
    added.snap_length = u32(body, 4);
    read_options(body.subspan(8), added);
    if (interfaces_.size() < interfaces_limit) interfaces_.push_back(added);
}

void CaptureReader::read_options(Bytes options, Interface& into) const {
    while (options.size() >= 4) {
        const std::uint16_t code = u16(options, 0);
        const std::uint16_t length = u16(options, 2);
        const Bytes value = slice(options, 4, length);
        if (code == option_end || value.size() < length) return;
        if (code == option_resolution && length == 1) {
            const unsigned exponent = byte_at(value, 0) & 0x7FU;
            const bool binary = (byte_at(value, 0) & 0x80U) != 0;
            if (binary ? exponent < 64 : exponent < 19) {
                into.units = 1;
                for (unsigned i = 0; i < exponent; ++i) into.units *= binary ? 2U : 10U;
            }
        } else if (code == option_offset && length == 8) {
            const std::uint64_t low = u32(value, little_ ? 0 : 4);
            const std::uint64_t high = u32(value, little_ ? 4 : 0);
            into.offset = static_cast<std::int64_t>((high << 32U) | low);
        }
        options = slice(options, 4 + ((std::size_t{length} + 3) & ~std::size_t{3}));
    }
}

}  // namespace tranche::capture
