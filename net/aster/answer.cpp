#include "net/aster/answer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "net/aster/replies.hpp"

namespace tranche::aster {
namespace {

constexpr Nanos ban_wait = seconds(120);      // 418 without a time: the shortest ban
constexpr Nanos throttle_wait = seconds(10);  // 429 without a time
constexpr Nanos firewall_wait = seconds(30);  // 403: hammering makes it worse
constexpr std::size_t longest_text = 200;

constexpr std::array<std::int64_t, 9> refusals{-1002, -1004, -1005, -1011, -1022,
                                               -2014, -2015, -5050, -4088};
constexpr std::array<std::int64_t, 2> stale_codes{-1021, -4225};
// unknown error, internal errors, busy, shutting down, too many requests or orders
constexpr std::array<std::int64_t, 8> passing{-1000, -1001, -1003, -1006,
                                              -1007, -1015, -1016, -1008};

template <std::size_t n>
bool contains(const std::array<std::int64_t, n>& codes, std::int64_t code) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool mentions(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

AnswerKind kind_of(std::int64_t code, std::string_view message) {
    if (contains(refusals, code)) return AnswerKind::refused;
    if (code == -1000 &&
        (mentions(message, "No agent found") || mentions(message, "Signature check failed")))
        return AnswerKind::refused;
    if (contains(stale_codes, code)) return AnswerKind::stale;
    if (contains(passing, code)) return AnswerKind::try_again;
    return AnswerKind::rejected;
}

/// What to do about being refused.
std::string cure(std::int64_t code, std::string_view message) {
    if (code == -5050) return "; the master wallet must make a deposit first";
    if (code == -4088) return "; the exchange does not let this account trade";
    if (mentions(message, "No agent found"))
        return "; approve this signer as an agent of the account, or check TRANCHE_SIGNER_KEY_FILE";
    if (code == -1004 || code == -1005 || code == -1011)
        return "; add this machine's address to the key's list of allowed addresses";
    if (code == -1022 || mentions(message, "Signature check failed"))
        return "; check that key, account and exchange.chain_id belong together";
    return "; check that the key is active, may trade, and allows this machine's address";
}

Answer from_code(unsigned status, const Json& body, std::int64_t code) {
    const std::string_view message = body.text_of("msg");
    Answer answer;
    answer.code = code;
    answer.kind = kind_of(code, message);
    answer.text = "HTTP " + std::to_string(status) + ", code " + std::to_string(code) + ": " +
                  std::string{message.substr(0, longest_text)};
    if (answer.kind == AnswerKind::refused) answer.text += cure(code, message);
    return answer;
}

Answer plain(AnswerKind kind, unsigned status, const std::string& text) {
    Answer answer;
    answer.kind = kind;
    answer.text = "HTTP " + std::to_string(status) + ": " + text;
    return answer;
}

Answer limited(const HttpResponse& response, Nanos now) {
    Answer answer = plain(
        AnswerKind::try_again, response.status,
        response.status == 418 ? "the exchange has banned this address" : "too many requests");
    answer.retry_after = read_limits(response, now).retry_after;
    if (answer.retry_after.count == 0)
        answer.retry_after = now + (response.status == 418 ? ban_wait : throttle_wait);
    return answer;
}

}  // namespace

Answer read_answer(const HttpResponse& response, Nanos now) {
    const unsigned status = response.status;
    if (status == 429 || status == 418) return limited(response, now);
    if (status == 404 || status == 405)
        return plain(AnswerKind::missing, status, "the exchange has no such resource");
    if (status == 403) {
        Answer answer = plain(AnswerKind::try_again, status, "blocked by the exchange's firewall");
        answer.retry_after = now + firewall_wait;
        return answer;
    }
    auto body = parse_json({response.body.data(), response.body.size()});
    if (status == 401)
        return plain(AnswerKind::refused, status, "the exchange does not accept the key");
    if (status >= 500) return plain(AnswerKind::try_again, status, "the exchange has trouble");
    if (!body) return plain(AnswerKind::try_again, status, body.error().message);
    // a 2xx with a negative code is an error in disguise (§4.1)
    const auto code = body.value().whole("code").value_or(0);
    if (code < 0) return from_code(status, body.value(), code);
    if (status < 200 || status > 299)
        return plain(AnswerKind::try_again, status, "an answer without a code");
    Answer answer;
    answer.body = std::move(body).value();
    return answer;
}

}  // namespace tranche::aster
