// An exchange that answers as it is told, a turn after it was asked.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "net/aster/http_transport.hpp"

namespace tranche::support {

struct ScriptedAnswer {
    unsigned status{};  // 0: the connection breaks instead
    std::string body;
};

class ScriptedPeer final : public aster::HttpTransport {
public:
    HttpOutcome poll(Nanos time) override {
        if (!waiting_) return HttpOutcome::none;
        waiting_ = false;
        answered_ = time;
        ScriptedAnswer answer = next();
        if (answer.status == 0) return HttpOutcome::cut;
        body_ = std::move(answer.body);
        response_ = HttpResponse{};
        response_.status = answer.status;
        response_.body = {body_.data(), body_.size()};
        return HttpOutcome::answer;
    }
    bool ready() const override { return connected && !waiting_; }
    bool send(std::string_view request, Nanos time) override {
        if (!ready()) return false;
        sent_ = time;
        waiting_ = true;
        requests.emplace_back(request);
        calls.push_back(call_of(request));
        return true;
    }
    const HttpResponse& response() const override { return response_; }
    Nanos sent_at() const override { return sent_; }
    Nanos answered_at() const override { return answered_; }
    std::string why() const override { return "reset by peer"; }

    /// `GET balance`: method and last part of the path.
    static std::string call_of(std::string_view request) {
        const std::string_view method = request.substr(0, request.find(' '));
        std::string_view target = request.substr(method.size() + 1);
        target = target.substr(0, target.find_first_of(" ?"));
        target.remove_prefix(std::string_view{"/fapi/v3/"}.size());
        return std::string{method} + " " + std::string{target};
    }
    /// Calls without repetitions in a row.
    std::vector<std::string> distinct_calls() const {
        std::vector<std::string> distinct;
        for (const std::string& call : calls)
            if (distinct.empty() || distinct.back() != call) distinct.push_back(call);
        return distinct;
    }
    std::size_t count(const std::string& call) const {
        return static_cast<std::size_t>(std::count(calls.begin(), calls.end(), call));
    }
    /// The last request of that kind.
    std::string last(const std::string& call) const {
        for (std::size_t i = calls.size(); i-- > 0;)
            if (calls[i] == call) return requests[i];
        return {};
    }

    Nanos now{seconds(1'790'000'000)};
    Nanos clock_offset{};  // its clock minus ours
    bool connected{true};
    std::vector<std::string> calls;
    std::vector<std::string> requests;
    /// Told answers go first; then the usual one of a call.
    std::map<std::string, std::deque<ScriptedAnswer>> told;
    std::map<std::string, std::string> usual{
        {"GET exchangeInfo", R"({"symbols":[{"symbol":"AAAUSDT","status":"TRADING","filters":[]},)"
                             R"({"symbol":"BBBUSDT","status":"TRADING","filters":[]},)"
                             R"({"symbol":"CCCUSDT","status":"TRADING","filters":[]}]})"},
        {"GET positionSide/dual", R"({"dualSidePosition":false})"},
        {"POST positionSide/dual", R"({"code":200,"msg":"success"})"},
        {"GET multiAssetsMargin", R"({"multiAssetsMargin":false})"},
        {"POST multiAssetsMargin", R"({"code":200,"msg":"success"})"},
        {"GET positionRisk",
         R"([{"symbol":"AAAUSDT","positionAmt":"0.5","entryPrice":"100.0000000001",)"
         R"("unRealizedProfit":"-1.25","liquidationPrice":"50.5","leverage":"10",)"
         R"("marginType":"cross","positionSide":"BOTH","updateTime":1790000000000},)"
         R"({"symbol":"BBBUSDT","positionAmt":"0","entryPrice":"0","leverage":"10",)"
         R"("marginType":"cross","positionSide":"BOTH","updateTime":0},)"
         R"({"symbol":"CCCUSDT","positionAmt":"0.000","entryPrice":"0","leverage":"20",)"
         R"("marginType":"cross","positionSide":"BOTH","updateTime":0}])"},
        {"POST leverage", R"({"leverage":10,"symbol":"AAAUSDT"})"},
        {"POST marginType", R"({"code":200,"msg":"success"})"},
        {"POST listenKey", R"({"listenKey":"key1"})"},
        {"PUT listenKey", "{}"},
        {"GET balance",
         R"([{"asset":"USDT","balance":"1000.5","crossWalletBalance":"900","availableBalance":)"
         R"("800.25","updateTime":1790000000001},{"asset":"BNB","balance":"0"}])"},
        {"GET openOrders",
         R"([{"orderId":77,"symbol":"AAAUSDT","status":"NEW","clientOrderId":"web_1","price":"0",)"
         R"("origQty":"0.5","executedQty":"0","type":"STOP_MARKET","reduceOnly":true,)"
         R"("closePosition":false,"side":"SELL","positionSide":"BOTH","stopPrice":"90.5",)"
         R"("updateTime":1790000000002}])"}};

private:
    ScriptedAnswer next() {
        const std::string& call = calls.back();
        auto& queue = told[call];
        if (!queue.empty()) {
            ScriptedAnswer answer = queue.front();
            queue.pop_front();
            return answer;
        }
        if (call == "GET time") {
            const Nanos middle = sent_ + Nanos{(answered_ - sent_).count / 2} + clock_offset;
            return {200, R"({"serverTime":)" + std::to_string(middle.milliseconds()) + "}"};
        }
        const auto found = usual.find(call);
        return found == usual.end() ? ScriptedAnswer{404, "not found"}
                                    : ScriptedAnswer{200, found->second};
    }

    bool waiting_{};
    Nanos sent_{};
    Nanos answered_{};
    std::string body_;
    HttpResponse response_;
};

}  // namespace tranche::support
