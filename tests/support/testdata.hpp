// Where the recordings of others are. They are not ours to copy, so tests read them in place.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace tranche::support {

/// Path of `name` below $TRANCHE_TESTDATA. Throws, naming the variable and the file, when either
/// is missing: a test that needs recorded data must fail loudly rather than pass without it.
inline std::filesystem::path testdata(const std::string& name) {
    const char* root = std::getenv("TRANCHE_TESTDATA");
    if (root == nullptr)
        throw std::runtime_error(
            "TRANCHE_TESTDATA is not set; it must name the folder that holds " + name);
    const auto path = std::filesystem::path{root} / name;
    if (!std::filesystem::exists(path))
        throw std::runtime_error("TRANCHE_TESTDATA has no " + name + " (looked for " +
                                 path.string() + ")");
    return path;
}

/// Whole content of a recorded file; throws as `testdata` does.
inline std::string read_testdata(const std::string& name) {
    std::ifstream in{testdata(name), std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace tranche::support
