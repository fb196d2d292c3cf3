#include "core/settings_json.hpp"

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>

namespace tranche {
namespace {

std::string position_text(std::string_view json, std::size_t at) {
    const std::string_view before = json.substr(0, std::min(at, json.size()));
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const auto line_start = before.rfind('\n');
    const std::size_t column =
        line_start == std::string_view::npos ? before.size() + 1 : before.size() - line_start;
    return std::to_string(lines + 1) + ":" + std::to_string(column);
}

/// Builds the tree from nlohmann's events; the names of its members are theirs.
class TreeBuilder {
public:
    explicit TreeBuilder(std::string_view json) : json_{json} {}

    bool null() { return put({}); }
    bool boolean(bool flag) {
        JsonValue value;
        value.kind = JsonKind::boolean;
        value.flag = flag;
        return put(std::move(value));
    }
    bool number_integer(std::int64_t number) { return put_number(std::to_string(number)); }
    bool number_unsigned(std::uint64_t number) { return put_number(std::to_string(number)); }
    template <class Real> bool number_float(Real, const std::string& written) {
        return put_number(written);
    }
    bool string(std::string& text) {
        JsonValue value;
        value.kind = JsonKind::text;
        value.text = std::move(text);
        return put(std::move(value));
    }
    template <class Bytes> bool binary(Bytes&) { return false; }
    bool start_object(std::size_t) { return open(JsonKind::object); }
    bool start_array(std::size_t) { return open(JsonKind::list); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool key(std::string& name) {
        open_.back()->members.push_back({std::move(name), {}});
        return true;
    }
    template <class Exception>
    bool parse_error(std::size_t at, const std::string& token, const Exception&) {
        // The reader stands behind the character it could not take.
        error_ = position_text(json_, at == 0 ? 0 : at - 1) + ": not valid JSON";
        const bool at_end = at > json_.size() || token == "<end of input>";
        error_ += at_end ? ", the text ends too early" : " near \"" + shortened(token) + '"';
        return false;
    }

    JsonValue take_root() { return std::move(root_); }
    const std::string& error() const { return error_; }

private:
    static std::string shortened(const std::string& token) {
        constexpr std::size_t longest = 24;
        return token.size() <= longest ? token : "…" + token.substr(token.size() - longest);
    }
    JsonValue& place() {
        if (open_.empty()) return root_;
        JsonValue& parent = *open_.back();
        if (parent.kind == JsonKind::object) return parent.members.back().value;
        return parent.items.emplace_back();
    }
    bool put(JsonValue value) {
        place() = std::move(value);
        return true;
    }
    bool put_number(std::string written) {
        JsonValue value;
        value.kind = JsonKind::number;
        value.text = std::move(written);
        return put(std::move(value));
    }
    bool open(JsonKind kind) {
        if (open_.size() == max_json_depth) {
            error_ = "nested deeper than " + std::to_string(max_json_depth) + " levels";
            return false;
        }
        JsonValue& value = place();
        value.kind = kind;
        // A parent's vector does not grow while its child is open, so the pointer stays good.
        open_.push_back(&value);
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    std::string_view json_;
    JsonValue root_;
    std::vector<JsonValue*> open_;
    std::string error_;
};

}  // namespace

Result<JsonValue> parse_json(std::string_view json) {
    TreeBuilder builder{json};
    try {
        if (nlohmann::json::sax_parse(json, &builder)) return builder.take_root();
    } catch (const std::exception& failure) {  // a number beyond every range, out of memory
        return Error{ErrorKind::settings, std::string{"not valid JSON: "} + failure.what()};
    }
    return Error{ErrorKind::settings, builder.error()};
}

std::string describe(const JsonValue& value) {
    constexpr std::size_t longest = 40;
    switch (value.kind) {
        case JsonKind::null: return "null";
        case JsonKind::boolean: return value.flag ? "true" : "false";
        case JsonKind::number: return value.text;
        case JsonKind::text:
            if (value.text.size() <= longest) return '"' + value.text + '"';
            return '"' + value.text.substr(0, longest) + "…\"";
        case JsonKind::list: return "a list";
        case JsonKind::object: return "an object";
    }
    return {};
}

}  // namespace tranche
