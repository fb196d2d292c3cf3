// Parameters of a form inside a form: as JSON, percent-encoded.
#pragma once

#include <algorithm>
#include <string_view>

#include "net/aster/text.hpp"

namespace tranche::aster {

/// Parameters of a form as an object of JSON texts, percent-encoded in its turn. Their values have
/// no character that JSON would write otherwise.
inline void put_as_object(std::string_view parameters, Text& text) {
    text.put("%7B%22");
    while (true) {
        const std::size_t end = std::min(parameters.find('&'), parameters.size());
        const std::size_t equals = parameters.find('=');
        text.put(parameters.substr(0, equals));
        text.put("%22%3A%22");
        text.put(parameters.substr(equals + 1, end - equals - 1));
        if (end == parameters.size()) break;
        text.put("%22%2C%22");
        parameters.remove_prefix(end + 1);
    }
    text.put("%22%7D");
}

}  // namespace tranche::aster
