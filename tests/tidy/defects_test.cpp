// tests/defects.md names tests; one that was renamed or dropped must not stay in the list.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace tranche::tidy {
namespace {

/// Executable to its tests, `Suite.Name` as GoogleTest lists them without the parameter.
using Names = std::map<std::string, std::set<std::string>>;

std::string read(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// Calls `each` with the captures of every match.
template <class Each> void for_matches(const std::string& text, const char* pattern, Each each) {
    const std::regex expression{pattern};
    for (std::sregex_iterator at{text.begin(), text.end(), expression}, end; at != end; ++at)
        each(*at);
}

void add_tests(const std::string& text, std::set<std::string>& names) {
    std::multimap<std::string, std::string> prefixes;
    for_matches(text, R"(INSTANTIATE_TEST_SUITE_P\(\s*(\w+),\s*(\w+))",
                [&](const std::smatch& found) { prefixes.emplace(found[2], found[1]); });
    for_matches(text, R"(\bTEST(_F|_P)?\(\s*(\w+),\s*(\w+)\))", [&](const std::smatch& found) {
        const std::string name = found[2].str() + '.' + found[3].str();
        if (found[1] != "_P") names.insert(name);
        const auto [first, last] = prefixes.equal_range(found[2]);
        for (auto at = first; found[1] == "_P" && at != last; ++at)
            names.insert(at->second + '/' + name);
    });
}

Names all_tests(const std::filesystem::path& folder) {
    Names names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
        if (entry.path().extension() != ".cpp") continue;
        const std::filesystem::path place = std::filesystem::relative(entry.path(), folder);
        const std::string kind = place.begin()->string();
        const std::string program =
            kind == "unit" ? "unit_" + std::next(place.begin())->string() : kind;
        add_tests(read(entry.path()), names[program]);
    }
    return names;
}

struct Reference {
    std::string item;  // BUG-01, 5.2b …
    std::string program;
    std::string test;  // may end in `*`
};

std::vector<Reference> references(const std::string& text) {
    std::vector<Reference> found;
    for_matches(text, R"(\| (BUG-\d+|\d\.\d\w?) \| ([^|\n]*) \|)", [&](const std::smatch& row) {
        std::istringstream groups{row[2]};
        for (std::string group; std::getline(groups, group, ';');) {
            std::smatch parts;
            const std::regex with_program{R"(\s*(?:(\w+): )?(.*))"};
            if (!std::regex_match(group, parts, with_program)) continue;
            const std::string program = parts[1].matched ? parts[1].str() : "unit_engine";
            for_matches(parts[2], R"([^,\s]+)", [&](const std::smatch& test) {
                found.push_back({row[1], program, test[0]});
            });
        }
    });
    return found;
}

bool exists(const Reference& reference, const Names& names) {
    const auto program = names.find(reference.program);
    if (program == names.end()) return false;
    if (!reference.test.ends_with('*')) return program->second.contains(reference.test);
    const std::string begin = reference.test.substr(0, reference.test.size() - 1);
    const auto at = program->second.lower_bound(begin);
    return at != program->second.end() && at->starts_with(begin);
}

TEST(Defects, EveryTestThatTheirListNamesExists) {
    const std::filesystem::path folder = std::filesystem::path{TRANCHE_SOURCE_DIR} / "tests";
    const Names names = all_tests(folder);
    const std::vector<Reference> listed = references(read(folder / "defects.md"));
    EXPECT_GT(listed.size(), 150U) << "the list was not understood";
    for (const Reference& reference : listed)
        EXPECT_TRUE(exists(reference, names))
            << reference.item << ": " << reference.program << ' ' << reference.test;
    EXPECT_FALSE(exists({"BUG-01", "unit_engine", "Fills.ThatNobodyEverWrote"}, names));
    EXPECT_FALSE(exists({"BUG-01", "unit_status", "Fills.*"}, names));
}

}  // namespace
}  // namespace tranche::tidy
