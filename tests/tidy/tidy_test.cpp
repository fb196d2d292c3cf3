// The house rules over every tracked file, and proof that each of them bites.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <set>

#include "tests/tidy/rules.hpp"

namespace tranche::tidy {
namespace {

const std::vector<Exception>& exceptions() {
    static const std::vector<Exception> all = {
        {"tests/tidy/", "disabled-test", "the samples that each rule must find"},
        {"tests/tidy/", "clock", "the samples that each rule must find"},
        {"tests/tidy/", "machine-path", "the samples that each rule must find"},
        {"LICENSE", "trailing-space", "the licence's own text, unchanged"},
        {"tools/exchange/", "clock", "shares no code with the client, its clock included"},
        {"tools/exchange/market.cpp", "raw-float",
         "a made-up price path; what comes out is a whole number of ticks"},
        {"tools/exchange/rules.hpp", "raw-float", "the same made-up market's parameters"},
        {"tools/direct_exchange.hpp", "include", "the one door between the exchange and our types"},
        {"tools/sim/plan.hpp", "include", "a seed draws the options of the exchange as well"},
        {"net/status/metrics.cpp", "raw-float",
         "Prometheus has no other numbers; shown, never computed with"},
        {"tests/unit/exchange/market_test.cpp", "raw-float",
         "statistics over the made-up market: shares and quantiles"},
        {"tests/unit/exchange/rejection_test.cpp", "function-length", "a table of cases"},
        {"tests/unit/net/http_test.cpp", "function-length", "a table of cases"},
        {"tests/unit/net/websocket_test.cpp", "function-length", "a table of cases"},
    };
    return all;
}

/// Paths of all files that git tracks or would track, build folders left out.
std::vector<std::string> tracked_files() {
    const std::string command = "cd '" TRANCHE_SOURCE_DIR
                                "' && git -c safe.directory='*' ls-files --cached --others "
                                "--exclude-standard";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe{popen(command.c_str(), "r"),
                                                               &pclose};
    std::vector<std::string> paths;
    std::array<char, 4096> line{};
    while (pipe && std::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) != nullptr) {
        std::string path{line.data()};
        while (path.ends_with('\n')) path.pop_back();
        paths.push_back(std::move(path));
    }
    return paths;
}

bool is_text(const std::string& path) {
    for (const char* end : {".cpp", ".hpp", ".txt", ".cmake", ".sh", ".md", ".json", ".js", ".css",
                            ".html", ".sql", ".service", "run"})
        if (path.ends_with(end)) return true;
    return false;
}

TEST(Tidy, EveryTrackedFileKeepsTheHouseRules) {
    std::size_t files = 0;
    for (const std::string& path : tracked_files()) {
        const auto full = std::filesystem::path{TRANCHE_SOURCE_DIR} / path;
        if (!is_text(path) || !std::filesystem::is_regular_file(full)) continue;
        ++files;
        std::ifstream in{full, std::ios::binary};
        const SourceFile file{path, {std::istreambuf_iterator<char>{in}, {}}};
        for (const Breach& breach : check(file))
            if (!is_excepted(breach, exceptions()))
                ADD_FAILURE() << breach.path << ':' << breach.line << ": " << breach.rule << ": "
                              << breach.text;
    }
    EXPECT_GT(files, 50U) << "git did not list the project's files";
}

struct Sample {
    std::string rule;
    std::string path;
    std::string bad;
    std::string good;
};

std::set<std::string> rules_broken_by(const std::string& path, const std::string& text) {
    std::set<std::string> rules;
    for (const Breach& breach : check({path, text})) rules.insert(breach.rule);
    return rules;
}

std::string lines(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "    step();\n";
    return text;
}

std::string joined(const std::string& first, const std::string& second) {
    return first + second;
}

std::vector<Sample> samples() {
    const std::string header = "#pragma once\n";
    return {
        {"include", "core/a.cpp", "#include \"net/tls.hpp\"\n", "#include \"core/ids.hpp\"\n"},
        {"include", "net/a.cpp", "#include \"persist/a.hpp\"\n", "#include \"net/tls.hpp\"\n"},
        {"include", "tranche/a.cpp", "#include \"net/a.hpp\"\n", "#include <vector>\n"},
        {"include", "tools/run.cpp", "#include \"tests/support/a.hpp\"\n", "#include <new>\n"},
        {"include", "tools/exchange/a.cpp", "#include \"core/ids.hpp\"\n",
         "#include \"tools/exchange/a.hpp\"\n"},
        {"exchange-name", "net/parse.cpp", "auto s = \"forceOrder\";\n", "// forceOrder\n"},
        {"file-length", "core/a.cpp", lines(601), lines(600)},
        {"line-length", "core/a.cpp", std::string(101, 'a') + '\n', std::string(100, 'a') + '\n'},
        {"function-length", "core/a.cpp", "void f() {\n" + lines(69) + "}\n",
         "void f() {\n" + lines(68) + "}\n"},
        {"function-length", "core/a.cpp", "void f(int a,\n       int b) {\n" + lines(68) + "}\n",
         "void f(int a,\n       int b) {\n" + lines(67) + "}\n"},
        {"function-length", "core/a.hpp",
         header + "struct A {\n    int f() const {\n" + lines(69) + "    }\n};\n",
         header + "struct A {\n    int f() const {\n" + lines(68) + "    }\n};\n"},
        {"function-length", "core/a.cpp",
         "A::A(int a)\n    : a_{f(a)},\n      b_{f(a)} {\n" + lines(67) + "}\n",
         "A::A(int a)\n    : a_{f(a)},\n      b_{f(a)} {\n" + lines(66) + "}\n"},
        {"left-over", "core/a.cpp", joined("// TO", "DO: later\n"), "// to do is to be\n"},
        {"left-over", "tools/a.sh", joined("# FIX", "ME\n"), "# fixed\n"},
        {"commented-out", "core/a.cpp", "    // run(1);\n", "    // Runs once; then it ends.\n"},
        {"commented-out", "core/a.cpp", "// if (a) {\n", "// One sentence ends here;\n"},
        {"sleep", "tests/unit/net/a_test.cpp", "std::this_thread::sleep_for(x);\n", "poll(now);\n"},
        {"stdout", "net/a.cpp", "std::cout << 1;\n", "std::fprintf(stderr, \"x\");\n"},
        {"raw-float", "net/a.cpp", "double price = 0;\n", "Price price; double ratio = 0;\n"},
        {"rand", "core/a.cpp", "int x = rand();\n", "int x = operand();\n"},
        {"clock", "net/a.cpp", "auto t = std::chrono::system_clock::now();\n", "f(now);\n"},
        {"clock", "persist/a.cpp", "clock_gettime(CLOCK_REALTIME, &t);\n", "kernel_now();\n"},
        {"pragma-once", "core/a.hpp", "struct A {};\n", header},
        {"tab", "core/a.cpp", "\tint a;\n", "    int a;\n"},
        {"trailing-space", "core/a.cpp", "int a; \n", "int a;\n"},
        {"vague-name", "core/string_utils.hpp", header, ""},
        {"vague-name", "net/common.cpp", "", ""},
        {"machine-path", "tools/a.sh", joined("cd \"/ho", "me/someone/x\"\n"), "cd ./x\n"},
        {"disabled-test", "tests/unit/core/a_test.cpp", joined("TEST(A, DIS", "ABLED_B) {}\n"),
         "TEST(A, B) {}\n"},
    };
}

TEST(Tidy, EachRuleFindsItsBadSampleAndLeavesTheGoodOne) {
    for (const Sample& sample : samples()) {
        EXPECT_TRUE(rules_broken_by(sample.path, sample.bad).contains(sample.rule))
            << sample.rule << " does not bite on: " << sample.bad.substr(0, 80);
        if (sample.rule == "vague-name") continue;  // the bad part is the path
        EXPECT_FALSE(rules_broken_by(sample.path, sample.good).contains(sample.rule))
            << sample.rule << " bites on: " << sample.good.substr(0, 80);
    }
}

TEST(Tidy, TextsAndCommentsAreNoCode) {
    EXPECT_TRUE(rules_broken_by("core/a.cpp",
                                "auto a = \"int x = rand();\";  // rand() is not used\n"
                                "auto b = R\"(std::cout << rand();\n"
                                "double price;)\";\n")
                    .empty());
    EXPECT_TRUE(rules_broken_by("core/a.cpp", "/* std::cout\n std::cout */\n").empty());
}

TEST(Tidy, AnExceptionCoversItsRuleInItsPlaceOnly) {
    const std::vector<Exception> some = {{"core/a.cpp", "tab", "r"}, {"net/", "rand", "r"}};
    EXPECT_TRUE(is_excepted({"core/a.cpp", 1, "tab", ""}, some));
    EXPECT_FALSE(is_excepted({"core/a.cpp", 1, "rand", ""}, some));
    EXPECT_TRUE(is_excepted({"net/x/y.cpp", 1, "rand", ""}, some));
    EXPECT_FALSE(is_excepted({"core/a.cppx", 1, "tab", ""}, some));
}

TEST(Tidy, EveryExceptionHasAReason) {
    for (const Exception& exception : exceptions())
        EXPECT_GE(exception.reason.size(), 10U) << exception.path;
}

}  // namespace
}  // namespace tranche::tidy
