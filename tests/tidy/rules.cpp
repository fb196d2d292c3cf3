#include "tests/tidy/rules.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <regex>

namespace tranche::tidy {
namespace {

constexpr std::size_t longest_line = 100;
constexpr std::size_t longest_file = 600;
constexpr std::size_t longest_function = 70;

/// Words that would match their own list are put together here from halves.
std::string word(std::string_view first, std::string_view second) {
    return std::string{first} + std::string{second};
}

/// A file split into lines, twice: as written, and without comments and texts.
struct Lines {
    std::vector<std::string> written;
    std::vector<std::string> code;
};

enum class Inside : unsigned char { code, block_comment, raw_text };

/// Blanks comments and texts out of one line; `inside` carries over to the next one.
std::string code_of(const std::string& line, Inside& inside, std::string& raw_end) {
    std::string code;
    for (std::size_t at = 0; at < line.size();) {
        if (inside != Inside::code) {
            const std::string end = inside == Inside::raw_text ? raw_end : "*/";
            const auto found = line.find(end, at);
            if (found == std::string::npos) return code;
            at = found + end.size();
            inside = Inside::code;
        } else if (line.compare(at, 2, "//") == 0) {
            return code;
        } else if (line.compare(at, 2, "/*") == 0) {
            inside = Inside::block_comment;
            at += 2;
        } else if (line.compare(at, 2, "R\"") == 0) {
            const auto open = line.find('(', at);
            if (open == std::string::npos) return code;
            raw_end = ')' + line.substr(at + 2, open - at - 2) + '"';
            inside = Inside::raw_text;
            at = open + 1;
        } else if (line[at] == '"' ||
                   (line[at] == '\'' &&
                    (at == 0 || std::isalnum(static_cast<unsigned char>(line[at - 1])) == 0))) {
            const char quote = line[at++];
            while (at < line.size() && line[at] != quote) at += line[at] == '\\' ? 2U : 1U;
            ++at;
            code += quote == '"' ? "\"\"" : "''";
        } else {
            code += line[at++];
        }
    }
    return code;
}

Lines split(const std::string& text) {
    Lines lines;
    Inside inside = Inside::code;
    std::string raw_end;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        lines.written.push_back(text.substr(begin, end - begin));
        lines.code.push_back(code_of(lines.written.back(), inside, raw_end));
        while (lines.code.back().ends_with(' ')) lines.code.back().pop_back();
        begin = end + 1;
    }
    return lines;
}

bool is_cpp(std::string_view path) {
    return path.ends_with(".cpp") || path.ends_with(".hpp");
}

std::size_t columns(const std::string& line) {
    // A byte of the form 10xxxxxx continues a character.
    return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

std::string top_of(std::string_view path) {
    return std::string{path.substr(0, path.find('/'))};
}

/// Which folders a folder may include.
std::vector<std::string> may_include(std::string_view path) {
    const std::string top = top_of(path);
    if (top == "core") return {"core"};
    if (top == "tranche" || top == "net" || top == "persist") return {"core", top};
    if (top == "tools") {
        // The simulated exchange shares no code with the client, or a bug could cancel itself out.
        if (path.starts_with("tools/exchange/")) return {"tools"};
        return {"core", "tranche", "net", "persist", "tools"};
    }
    return {"core", "tranche", "net", "persist", "tools", "bench", "tests"};
}

/// Collects the breaches of one file.
class Checker {
public:
    explicit Checker(const SourceFile& file) : file_{file}, lines_{split(file.text)} {}

    std::vector<Breach> run() {
        check_text();
        check_name();
        if (!is_cpp(file_.path)) return std::move(breaches_);
        check_size();
        check_includes();
        check_code();
        check_comments();
        check_functions();
        return std::move(breaches_);
    }

private:
    void report(std::size_t line, std::string rule) {
        const std::string text = line < lines_.written.size() ? lines_.written[line] : "";
        breaches_.push_back({file_.path, line + 1, std::move(rule), text});
    }

    /// A rule about every line in which `pattern` is found.
    void forbid(const std::string& rule, const std::string& pattern,
                const std::vector<std::string>& lines) {
        const std::regex regex{pattern, std::regex::optimize};
        for (std::size_t i = 0; i < lines.size(); ++i)
            if (std::regex_search(lines[i], regex)) report(i, rule);
    }

    void check_text() {
        const std::string left_over = "\\b(" + word("TO", "DO") + '|' + word("FIX", "ME") + '|' +
                                      word("XX", "X") + '|' + word("HA", "CK") + ")\\b";
        forbid("left-over", left_over, lines_.written);
        forbid("trailing-space", "[ \t\r]$", lines_.written);
        forbid("machine-path", "(^|[\"' =(])/(" + word("wo", "rk") + "|home|root|Users)/",
               lines_.written);
    }

    void check_name() {
        const auto slash = file_.path.rfind('/');
        const std::string name = file_.path.substr(slash == std::string::npos ? 0 : slash + 1);
        static const std::regex vague{"^(.*_)?(utils?|common|helpers?|managers?|misc)(_.*)?[.].*$"};
        if (std::regex_match(name, vague)) report(0, "vague-name");
    }

    void check_size() {
        if (lines_.written.size() > longest_file) report(longest_file, "file-length");
        for (std::size_t i = 0; i < lines_.written.size(); ++i) {
            // A captured payload is one line on the wire; broken up it could not be compared.
            const bool payload = lines_.written[i].find("R\"(") != std::string::npos;
            if (columns(lines_.written[i]) > longest_line && !payload) report(i, "line-length");
            if (lines_.written[i].find('\t') != std::string::npos) report(i, "tab");
        }
        const bool header = file_.path.ends_with(".hpp");
        const auto once = std::find(lines_.written.begin(), lines_.written.end(), "#pragma once");
        if (header && once == lines_.written.end()) report(0, "pragma-once");
    }

    void check_includes() {
        static const std::regex include{"^#include \"([^\"]*)\""};
        const auto allowed = may_include(file_.path);
        for (std::size_t i = 0; i < lines_.written.size(); ++i) {
            std::smatch match;
            if (!std::regex_search(lines_.written[i], match, include)) continue;
            const std::string path = match[1];
            const bool known =
                std::find(allowed.begin(), allowed.end(), top_of(path)) != allowed.end();
            const bool exchange_is_shared = path.starts_with("tools/exchange/") &&
                                            file_.path.starts_with("tools/") &&
                                            !file_.path.starts_with("tools/exchange/");
            if (!known || exchange_is_shared) report(i, "include");
        }
    }

    void check_code() {
        const std::string top = top_of(file_.path);
        if (top != "tools" && top != "tests" && top != "bench")
            forbid("stdout", "std::cout|\\bprintf\\(|\\bputs\\(", lines_.code);
        forbid("raw-float",
               "\\b(double|float)\\b.*(price|qty|quantity|notional|pnl|amount|collateral|margin)",
               lines_.code);
        forbid("rand", "(^|[^_a-zA-Z:.>])(std::)?s?rand\\(", lines_.code);
        if (file_.path.starts_with("tests/unit/"))
            forbid("sleep", "\\b(sleep_for|sleep_until|usleep|nanosleep)\\b", lines_.code);
        if (top == "tests" || top == "bench")
            forbid("disabled-test",
                   word("DIS", "ABLED_") + "|GTEST_SKIP|" + word("SUC", "CEED") + "\\(",
                   lines_.code);
        if (!file_.path.starts_with("core/clock."))
            forbid("clock",
                   "(system|steady|high_resolution)_clock::now|\\b(clock_)?gettime"
                   "(ofday)?\\(|\\btime\\((nullptr|NULL|0)\\)|__rdtsc",
                   lines_.code);
        if (top == "core" || top == "tranche" || top == "persist" ||
            (top == "net" && !file_.path.starts_with("net/aster/")))
            forbid("exchange-name",
                   "forceOrder|bookTicker|markPriceUpdate|ORDER_TRADE_UPDATE|ACCOUNT_UPDATE|"
                   "/fapi/|X-MBX",
                   texts_only());
    }

    /// Lines as written where they hold a text, comments taken away; names in comments are fine.
    std::vector<std::string> texts_only() const {
        std::vector<std::string> texts = lines_.written;
        for (std::size_t i = 0; i < texts.size(); ++i)
            if (lines_.code[i].find('"') == std::string::npos)
                texts[i].clear();
            else
                texts[i] = texts[i].substr(0, texts[i].find(" //"));
        return texts;
    }

    void check_comments() {
        static const std::regex commented_out{"^\\s*//[^/].*(;|[^{]\\{)\\s*$|^\\s*//\\s*\\}\\s*$"};
        // A sentence may end in a semicolon; code has a call, an assignment or a keyword before it.
        static const std::regex like_code{
            "\\w\\(.*\\)|\\s[-+*/|&]?=\\s|->|::|//"
            "\\s*(return|if|for|while|else|break|auto|const)\\b"
            "|^\\s*//\\s*\\}|\\w\\+\\+"};
        for (std::size_t i = 0; i < lines_.written.size(); ++i)
            if (std::regex_search(lines_.written[i], commented_out) &&
                std::regex_search(lines_.written[i], like_code))
                report(i, "commented-out");
    }

    /// Counts on clang-format: a function opens with a line ending in `{` after a `)`.
    void check_functions() {
        static const std::regex not_a_function{
            "^\\s*(\\}|else\\b|if\\b|for\\b|while\\b|switch\\b|do\\b|namespace\\b|struct\\b|"
            "class\\b|enum\\b|union\\b|extern\\b|case\\b|return\\b|try\\b|catch\\b)"};
        const auto& code = lines_.code;
        for (std::size_t i = 0; i < code.size(); ++i) {
            if (!code[i].ends_with('{') || code[i].find(')') == std::string::npos) continue;
            if (std::regex_search(code[i], not_a_function)) continue;
            const std::size_t first = first_of_signature(i);
            std::size_t last = i;
            for (long open = 1; open > 0 && last + 1 < code.size();)
                open += balance(code[++last], '{', '}');
            if (last - first + 1 > longest_function) report(first, "function-length");
        }
    }

    /// A signature may take several lines, and so may the initialisers behind it.
    std::size_t first_of_signature(std::size_t at) const {
        const auto& code = lines_.code;
        long open = balance(code[at], '(', ')');
        const auto continues = [&] {
            const bool initialiser = code[at].compare(indent(code[at]), 2, ": ") == 0;
            return open < 0 || initialiser || code[at - 1].ends_with(',');
        };
        while (at > 0 && continues()) open += balance(code[--at], '(', ')');
        return at;
    }

    static long balance(const std::string& line, char opens, char closes) {
        return std::count(line.begin(), line.end(), opens) -
               std::count(line.begin(), line.end(), closes);
    }

    static std::size_t indent(const std::string& line) {
        return std::min(line.find_first_not_of(' '), line.size());
    }

    const SourceFile& file_;
    Lines lines_;
    std::vector<Breach> breaches_;
};

}  // namespace

std::vector<Breach> check(const SourceFile& file) {
    return Checker{file}.run();
}

bool is_excepted(const Breach& breach, const std::vector<Exception>& exceptions) {
    return std::any_of(exceptions.begin(), exceptions.end(), [&](const Exception& exception) {
        const bool covers = exception.path.ends_with('/') ? breach.path.starts_with(exception.path)
                                                          : breach.path == exception.path;
        return covers && exception.rule == breach.rule;
    });
}

}  // namespace tranche::tidy
