// The page: files of assets/, compiled in.
#pragma once

#include <string_view>

namespace tranche {

struct Asset {
    std::string_view path;  // as asked for
    std::string_view content_type;
    std::string_view content;
};

/// Null for any other path.
const Asset* find_asset(std::string_view path);

}  // namespace tranche
