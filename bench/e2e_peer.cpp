#include "bench/e2e_peer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "bench/report.hpp"

namespace tranche::bench {
namespace {

std::string accept_of(const std::string& key) {
    const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::array<unsigned char, 32> encoded{};
    EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
    return reinterpret_cast<const char*>(encoded.data());
}

/// One unmasked frame, as servers send them.
std::string frame(unsigned opcode, std::string_view payload) {
    std::string bytes(1, static_cast<char>(0x80U | opcode));
    if (payload.size() < 126) {
        bytes += static_cast<char>(payload.size());
    } else {
        bytes += static_cast<char>(126);
        bytes += static_cast<char>(payload.size() >> 8);
        bytes += static_cast<char>(payload.size() & 0xFF);
    }
    return bytes.append(payload);
}

std::string header(const std::string& head, const std::string& name) {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

std::string lower(std::string_view symbol) {
    std::string text{symbol};
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

}  // namespace

std::string OrderRequest::value(std::string_view name) const {
    const std::string text = "&" + body;
    const std::size_t at = text.find("&" + std::string{name} + "=");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 2;
    return text.substr(begin, text.find('&', begin) - begin);
}

void Peer::poll() {
    listener_.poll();
    uses_.resize(listener_.connections().size(), Use::undecided);
    for (std::size_t i = 0; i < uses_.size(); ++i)
        if (!listener_.connections()[i]->received.empty()) serve(i);
}

bool Peer::complete(std::size_t order_connections) const {
    std::size_t ready = 0;
    for (std::size_t i = 0; i < uses_.size(); ++i)
        if (uses_[i] != Use::stream && listener_.connections()[i]->established) ++ready;
    return signal_ != nullptr && marks_ != nullptr && user_ != nullptr &&
           ready >= order_connections;
}

void Peer::serve(std::size_t at) {
    TlsConnection& connection = *listener_.connections()[at];
    if (uses_[at] == Use::stream) return take_frames(connection);
    const std::size_t end = connection.received.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const std::string head = connection.received.substr(0, end + 2);
    if (uses_[at] == Use::undecided && !header(head, "Sec-WebSocket-Key").empty()) {
        connection.received.erase(0, end + 4);
        return upgrade(at, head);
    }
    uses_[at] = Use::http;
    serve_http(connection);
}

void Peer::upgrade(std::size_t at, const std::string& head) {
    TlsConnection& connection = *listener_.connections()[at];
    uses_[at] = Use::stream;
    connection.send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        accept_of(header(head, "Sec-WebSocket-Key")) + "\r\n\r\n");
    const std::string line = head.substr(0, head.find("\r\n"));
    if (line.find("/ws/") != std::string::npos)
        user_ = &connection;
    else if (line.find("forceOrder") != std::string::npos)
        signal_ = &connection;
    else
        marks_ = &connection;
}

void Peer::take_frames(TlsConnection& connection) {
    constexpr unsigned ping = 9;
    constexpr unsigned pong = 10;
    std::string& bytes = connection.received;
    while (bytes.size() >= 6) {
        const std::size_t length = static_cast<unsigned char>(bytes[1]) & 0x7FU;
        check(length < 126, "clients of a market stream send short frames");
        if (bytes.size() < 6 + length) return;
        std::string payload;
        for (std::size_t i = 0; i < length; ++i)
            payload += static_cast<char>(bytes[6 + i] ^ bytes[2 + (i & 3)]);
        if ((static_cast<unsigned char>(bytes[0]) & 0x0FU) == ping)
            connection.send(frame(pong, payload));
        bytes.erase(0, 6 + length);
    }
}

void Peer::serve_http(TlsConnection& connection) {
    const std::size_t end = connection.received.find("\r\n\r\n");
    const std::string head = connection.received.substr(0, end + 2);
    std::size_t length = 0;
    const std::string written = header(head, "Content-Length");
    std::from_chars(written.data(), written.data() + written.size(), length);
    if (connection.received.size() < end + 4 + length) return;
    std::string body = connection.received.substr(end + 4, length);
    connection.received.erase(0, end + 4 + length);
    answer(connection, std::string_view{head}.substr(0, head.find("\r\n")), std::move(body));
}

void Peer::answer(TlsConnection& connection, std::string_view line, std::string body) {
    const Nanos received = clock_.now();
    if (line.substr(0, 5) == "POST " && line.find("/order ") != std::string_view::npos) {
        orders.push_back({received, std::move(body)});
        return acknowledge(connection, orders.back());
    }
    if (line.find("/ping") == std::string_view::npos) {
        ++other_requests;
        last_other = line;
    }
    connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
        "\r\n{}");
}

void Peer::acknowledge(TlsConnection& connection, const OrderRequest& order) {
    const std::string body = fmt::format(
        R"({{"orderId":{},"symbol":"{}","status":"NEW","clientOrderId":"{}","price":"{}",)"
        R"("avgPrice":"0","origQty":"{}","executedQty":"0","updateTime":{}}})",
        next_id_, order.value("symbol"), order.value("newClientOrderId"), order.value("price"),
        order.value("quantity"), order.received.milliseconds());
    connection.send(
        fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    "Content-Length: {}\r\n\r\n{}",
                    body.size(), body));
    ++next_id_;
}

void Peer::send_book(std::string_view symbol) {
    const Nanos now = clock_.now();
    signal_->send(frame(
        1, fmt::format(R"({{"stream":"{}@bookTicker","data":{{"e":"bookTicker","u":{},"s":"{}",)"
                       R"("b":"99.99","B":"31.21","a":"100.01","A":"40.66","T":{},"E":{}}}}})",
                       lower(symbol), now.microseconds(), symbol, now.milliseconds(),
                       now.milliseconds())));
}

void Peer::send_mark(std::string_view symbol) {
    const std::int64_t now = clock_.now().milliseconds();
    marks_->send(frame(
        1, fmt::format(R"({{"stream":"!markPrice@arr@1s","data":[{{"e":"markPriceUpdate","E":{},)"
                       R"("s":"{}","p":"100.0","P":"100.0","i":"100.0","r":"0.0001","T":{}}}]}})",
                       now, symbol, now + 3'600'000)));
}

Nanos Peer::send_liquidation(std::string_view symbol, Side forced) {
    const std::int64_t now = clock_.now().milliseconds();
    const std::string bytes = frame(
        1, fmt::format(R"({{"stream":"!forceOrder@arr","data":{{"e":"forceOrder","E":{0},)"
                       R"("o":{{"s":"{1}","S":"{2}","o":"LIMIT","f":"IOC","q":"5000","p":"100.0",)"
                       R"("ap":"100.0","X":"FILLED","l":"5000","z":"5000","T":{0}}}}}}})",
                       now, symbol, forced == Side::buy ? "BUY" : "SELL"));
    const Nanos sent = clock_.now();
    signal_->send(bytes);
    return sent;
}

void Peer::send_expiry(const OrderRequest& order) {
    user_->send(frame(
        1,
        fmt::format(R"({{"e":"ORDER_TRADE_UPDATE","E":{0},"T":{0},"o":{{"s":"{1}","c":"{2}",)"
                    R"("S":"{3}","o":"LIMIT","f":"GTC","q":"{4}","p":"{5}","ap":"0","sp":"0",)"
                    R"("x":"EXPIRED","X":"EXPIRED","i":{6},"l":"0","z":"0","L":"0","N":"USDT",)"
                    R"("n":"0","T":{0},"t":0,"b":"0","a":"0","m":false,"R":false,)"
                    R"("wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"{7}","cp":false,"rp":"0"}}}})",
                    clock_.now().milliseconds(), order.value("symbol"),
                    order.value("newClientOrderId"), order.value("side"), order.value("quantity"),
                    order.value("price"), next_id_ - 1, order.value("positionSide"))));
}

}  // namespace tranche::bench
