#include "net/aster/json.hpp"

#include <simdjson.h>
#include <utility>

namespace tranche::aster {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;

constexpr std::size_t deepest = 32;

error_code read(ondemand::value value, std::size_t depth, Json& out);

error_code read_object(ondemand::value& value, std::size_t depth, Json& out) {
    out.kind = Json::Kind::object;
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) return error;
    for (auto result : object) {
        ondemand::field field;
        if (const auto error = std::move(result).get(field)) return error;
        std::string_view key;
        if (const auto error = field.unescaped_key().get(key)) return error;
        Json& member = out.items.emplace_back();
        member.name = key;
        if (const auto error = read(field.value(), depth + 1, member)) return error;
    }
    return SUCCESS;
}

error_code read_array(ondemand::value& value, std::size_t depth, Json& out) {
    out.kind = Json::Kind::array;
    ondemand::array array;
    if (const auto error = value.get_array().get(array)) return error;
    for (auto result : array) {
        ondemand::value element;
        if (const auto error = std::move(result).get(element)) return error;
        if (const auto error = read(element, depth + 1, out.items.emplace_back())) return error;
    }
    return SUCCESS;
}

/// A number, `true`, `false` or `null`, as written; checked by simdjson as it is consumed.
error_code read_literal(ondemand::value& value, ondemand::json_type type, Json& out) {
    std::string_view token = value.raw_json_token();
    while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ')
        token.remove_suffix(1);
    out.text = token;
    if (type == ondemand::json_type::number) {
        out.kind = Json::Kind::number;
        double ignored{};  // the text counts; this only proves that it is a number
        return value.get_double().get(ignored);
    }
    if (type == ondemand::json_type::boolean) {
        out.kind = Json::Kind::boolean;
        bool ignored{};
        return value.get_bool().get(ignored);
    }
    out.text.clear();
    return token == "null" ? SUCCESS : simdjson::INCORRECT_TYPE;
}

error_code read(ondemand::value value, std::size_t depth, Json& out) {
    if (depth > deepest) return simdjson::DEPTH_ERROR;
    ondemand::json_type type{};
    if (const auto error = value.type().get(type)) return error;
    if (type == ondemand::json_type::object) return read_object(value, depth, out);
    if (type == ondemand::json_type::array) return read_array(value, depth, out);
    if (type != ondemand::json_type::string) return read_literal(value, type, out);
    out.kind = Json::Kind::text;
    std::string_view text;
    const auto error = value.get_string().get(text);
    out.text = text;
    return error;
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
    const simdjson::padded_string padded{text};
    ondemand::parser parser;
    ondemand::document document;
    ondemand::value root;
    Json tree;
    error_code error = parser.iterate(padded).get(document);
    if (error == SUCCESS) error = document.get_value().get(root);
    if (error == SUCCESS) error = read(root, 0, tree);
    const char* location = nullptr;
    if (error == SUCCESS && document.current_location().get(location) == SUCCESS)
        error = simdjson::TAPE_ERROR;
    if (error == SUCCESS) return tree;
    // without the text itself: it may hold a listen key
    return Error{ErrorKind::bad_data, std::string{"no JSON object or array ("} +
                                          simdjson::error_message(error) + ", " +
                                          std::to_string(text.size()) + " bytes)"};
}

const Json* Json::find(std::string_view member) const {
    if (kind != Kind::object) return nullptr;
    for (const Json& item : items)
        if (item.name == member) return &item;
    return nullptr;
}

std::string_view Json::text_of(std::string_view member) const {
    const Json* found = find(member);
    return found == nullptr ? std::string_view{} : std::string_view{found->text};
}

std::optional<bool> Json::flag(std::string_view member) const {
    const std::string_view word = text_of(member);
    if (word == "true") return true;
    if (word == "false") return false;
    return std::nullopt;
}

std::optional<std::int64_t> Json::whole(std::string_view member) const {
    const std::string_view digits = text_of(member);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

}  // namespace tranche::aster
