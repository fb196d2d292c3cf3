// The house rules a machine can check, over the text of our own files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tranche::tidy {

/// A tracked file: path from the root with forward slashes, and its content.
struct SourceFile {
    std::string path;
    std::string text;
};

/// One breach. `rule` is a short name, as in the table of exceptions.
struct Breach {
    std::string path;
    std::size_t line;
    std::string rule;
    std::string text;
};

/// Why a file may break a rule.
struct Exception {
    std::string_view path;  // exact, or a folder ending in /
    std::string_view rule;
    std::string_view reason;
};

/// Every breach in one file, exceptions not yet taken out. C++ files get all rules, other text
/// files those about text.
std::vector<Breach> check(const SourceFile& file);

/// True when a line of `exceptions` covers the breach.
bool is_excepted(const Breach& breach, const std::vector<Exception>& exceptions);

}  // namespace tranche::tidy
