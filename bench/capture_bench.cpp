// How fast captures are read: one thread, the last core, files in the page cache, best of three
// passes. Files of two lengths show that memory does not depend on the length.
//
// usage: capture_bench [--smoke] [--megabytes N] [--folder F] [--keep]
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/report.hpp"
#include "core/clock.hpp"
#include "net/capture/decoder.hpp"
#include "net/capture/writer.hpp"

namespace tranche::bench {
namespace {

using namespace capture;

constexpr Nanos begin = seconds(1'700'000'000);

StreamEnds ends() {
    StreamEnds made;
    for (std::size_t i = 0; i < 2; ++i)
        made.host[i] = {0, 0, 0,    0,    0,  0, 0, 0,
                        0, 0, 0xFF, 0xFF, 10, 0, 0, static_cast<std::uint8_t>(i + 1)};
    made.port = {40'000, 443};
    return made;
}

/// A capture that grows on disk; what it holds is never in memory as a whole.
class File {
public:
    explicit File(std::string path)
        : path_{std::move(path)}, file_{std::fopen(path_.c_str(), "wb")}, writer_{buffer_} {
        check(file_ != nullptr, "the folder takes a file");
    }
    ~File() { close(); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    PcapngWriter& writer() { return writer_; }
    std::uint64_t size() {
        if (buffer_.size() > (std::size_t{1} << 20)) flush();
        return written_ + buffer_.size();
    }
    void close() {
        if (file_ == nullptr) return;
        flush();
        std::fclose(std::exchange(file_, nullptr));
    }
    const std::string& path() const { return path_; }

private:
    void flush() {
        check(std::fwrite(buffer_.data(), 1, buffer_.size(), file_) == buffer_.size(),
              "the folder has room");
        written_ += buffer_.size();
        buffer_.clear();
    }

    std::string path_;
    std::FILE* file_;
    std::string buffer_;
    PcapngWriter writer_;
    std::uint64_t written_{};
};

constexpr std::string_view upgrade =
    "GET /stream HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
constexpr std::string_view upgraded =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

std::string ticker_frames(std::size_t count) {
    const std::string json =
        R"({"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":400900217,"s":"BTCUSDT",)"
        R"("b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000",)"
        R"("T":1568014460891,"E":1568014460893}})";
    std::string frames;
    for (std::size_t i = 0; i < count; ++i)
        frames += websocket_frame(WebSocketOpcode::text, json, false);
    return frames;
}

/// Segments of `segment` bytes out of what `next` gives, until the file has its size.
template <class Next>
void fill(File& file, std::uint64_t size, std::size_t segment, TcpScript& script, Next next) {
    Nanos time = begin;
    while (file.size() < size) {
        const std::string bytes = next();
        for (std::size_t at = 0; at < bytes.size(); at += segment) {
            time += microseconds(3);
            script.data(Party::second, slice(bytes, at, segment), time);
        }
    }
    script.close(time);
    file.close();
}

void make_plain(File& file, std::uint64_t size, std::size_t segment, std::size_t frames) {
    TcpScript script{file.writer(), ends()};
    script.open(begin);
    script.data(Party::first, upgrade, begin);
    script.data(Party::second, upgraded, begin);
    const std::string bytes = ticker_frames(frames);
    fill(file, size, segment, script, [&] { return bytes; });
}

/// A TLS 1.3 session of OpenSSL with itself.
class Tls {
public:
    explicit Tls(const char* suite) {
        EVP_PKEY* key = EVP_EC_gen("P-256");
        X509* certificate = X509_new();
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        X509_set_pubkey(certificate, key);
        X509_sign(certificate, key, EVP_sha256());
        contexts_ = {SSL_CTX_new(TLS_client_method()), SSL_CTX_new(TLS_server_method())};
        SSL_CTX_use_certificate(contexts_[1], certificate);
        SSL_CTX_use_PrivateKey(contexts_[1], key);
        X509_free(certificate);
        EVP_PKEY_free(key);
        SSL_CTX_set_keylog_callback(contexts_[0], [](const SSL* session, const char* line) {
            static_cast<Tls*>(SSL_get_app_data(session))->key_log.append(line).append("\n");
        });
        for (std::size_t i = 0; i < 2; ++i) {
            SSL_CTX_set_ciphersuites(contexts_[i], suite);
            peers_[i] = SSL_new(contexts_[i]);
            SSL_set_bio(peers_[i], BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
            SSL_set_app_data(peers_[i], this);
        }
        SSL_set_connect_state(peers_[0]);
        SSL_set_accept_state(peers_[1]);
    }
    ~Tls() {
        for (std::size_t i = 0; i < 2; ++i) {
            SSL_free(peers_[i]);
            SSL_CTX_free(contexts_[i]);
        }
    }
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    /// What each wrote, in turn, the client first.
    std::vector<std::pair<Party, std::string>> shake_hands() {
        std::vector<std::pair<Party, std::string>> flights;
        for (int turn = 0; turn < 6; ++turn)
            for (std::size_t i = 0; i < 2; ++i) {
                SSL_do_handshake(peers_[i]);
                const std::string bytes = taken(i);
                if (bytes.empty()) continue;
                flights.emplace_back(i == 0 ? Party::first : Party::second, bytes);
                BIO_write(SSL_get_rbio(peers_[1 - i]), bytes.data(),
                          static_cast<int>(bytes.size()));
            }
        check(SSL_is_init_finished(peers_[0]) == 1 && SSL_is_init_finished(peers_[1]) == 1,
              "the peers agree");
        return flights;
    }
    std::string sealed(std::size_t peer, std::string_view text) {
        check(SSL_write(peers_[peer], text.data(), static_cast<int>(text.size())) > 0, "it seals");
        return taken(peer);
    }

    std::string key_log;

private:
    std::string taken(std::size_t peer) {
        BIO* const from = SSL_get_wbio(peers_[peer]);
        std::string bytes(static_cast<std::size_t>(BIO_pending(from)), '\0');
        if (!bytes.empty()) BIO_read(from, bytes.data(), static_cast<int>(bytes.size()));
        return bytes;
    }
    std::array<SSL_CTX*, 2> contexts_{};
    std::array<SSL*, 2> peers_{};
};

void make_tls(File& file, std::uint64_t size, const char* suite, std::size_t frames) {
    Tls tls{suite};
    const auto flights = tls.shake_hands();
    file.writer().secrets(tls.key_log);
    TcpScript script{file.writer(), ends()};
    script.open(begin);
    for (const auto& [from, bytes] : flights) script.data(from, bytes, begin);
    script.data(Party::first, tls.sealed(0, upgrade), begin);
    script.data(Party::second, tls.sealed(1, upgraded), begin);
    const std::string bytes = ticker_frames(frames);
    fill(file, size, 1'448, script, [&] { return tls.sealed(1, bytes); });
}

struct Told final : ConversationSink, StreamObserver {
    void on_websocket(const WebSocketNote& note) override { said += note.payload.size(); }
    void on_http(StreamNumber, const HttpNote&) override {}
    void on_lost(StreamNumber, bool, Nanos) override { ++lost; }
    void on_data(StreamNumber, const StreamEnds&, Party, Bytes bytes, Nanos) override {
        said += bytes.size();
    }
    void on_gap(StreamNumber, const StreamEnds&, Party, std::uint64_t, Nanos) override { ++lost; }
    void on_end(StreamNumber, const StreamEnds&, Nanos) override {}
    std::uint64_t said{};
    std::uint64_t lost{};
};

enum class Depth : unsigned char { reassembly, everything };

std::uint64_t pass(const std::string& path, Depth depth, Told& told) {
    auto reader = CaptureReader::open(path);
    check(reader.ok(), "the capture opens");
    Packet packet;
    if (depth == Depth::reassembly) {
        Flows flows{told};
        PacketParser parser;
        TcpSegment segment;
        std::uint64_t packets = 0;
        for (ReadVerdict verdict = reader.value().next(packet); verdict != ReadVerdict::end;
             verdict = reader.value().next(packet)) {
            if (verdict != ReadVerdict::packet) continue;
            ++packets;
            if (parser.parse(packet, segment) == PacketVerdict::tcp) flows.add(segment);
        }
        flows.finish();
        return packets;
    }
    KeyLog keys;
    Decoder decoder{keys, told};
    decoder.read(reader.value());
    decoder.finish();
    check(decoder.counts().tls_records_closed == 0, "every record opens");
    return decoder.counts().packets;
}

long peak_kilobytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

void run(const std::string& name, const std::string& path, Depth depth) {
    const auto size = static_cast<double>(std::filesystem::file_size(path));
    Nanos best{};
    std::uint64_t packets = 0;
    for (int round = 0; round < 3; ++round) {
        Told told;
        const Nanos from = monotonic_now();
        packets = pass(path, depth, told);
        const Nanos took = monotonic_now() - from;
        check(told.said > 0 && told.lost == 0, "everything that was said is told");
        if (best == Nanos{} || took < best) best = took;
    }
    const double spent = static_cast<double>(best.count) / 1e9;
    fmt::print("{:<58} {:>8.2f} GB/s {:>8.2f} M packets/s {:>8} kB\n", name, size / spent / 1e9,
               static_cast<double>(packets) / spent / 1e6, peak_kilobytes());
}

void run_all(const std::string& folder, std::uint64_t megabytes, bool keep) {
    const std::uint64_t size = megabytes << 20U;
    std::vector<std::string> paths;
    const auto made = [&](const char* name, auto make) {
        File file{fmt::format("{}/{}-{}.pcapng", folder, name, getpid())};
        make(file);
        file.close();
        paths.push_back(file.path());
        return file.path();
    };
    const std::string shorter =
        made("short", [&](File& file) { make_plain(file, size / 8, 1'448, 60); });
    run("plain, 1448-byte segments, an eighth: read + reassembly", shorter, Depth::reassembly);
    run("the same, with every WebSocket message", shorter, Depth::everything);
    const std::string plain = made("plain", [&](File& file) { make_plain(file, size, 1'448, 60); });
    run("plain, 1448-byte segments: read + reassembly", plain, Depth::reassembly);
    run("the same, with every WebSocket message", plain, Depth::everything);
    const std::string small = made("small", [&](File& file) { make_plain(file, size, 220, 1); });
    run("plain, a message a packet: read + reassembly", small, Depth::reassembly);
    run("the same, with every WebSocket message", small, Depth::everything);
    const std::string bulk =
        made("tls", [&](File& file) { make_tls(file, size, "TLS_AES_128_GCM_SHA256", 78); });
    run("TLS 1.3 AES-128-GCM, 16 kB records, every message", bulk, Depth::everything);
    const std::string singles = made(
        "tls-small", [&](File& file) { make_tls(file, size / 4, "TLS_AES_128_GCM_SHA256", 1); });
    run("TLS 1.3 AES-128-GCM, a message a record and packet", singles, Depth::everything);
    const std::string chacha = made("chacha", [&](File& file) {
        make_tls(file, size / 4, "TLS_CHACHA20_POLY1305_SHA256", 78);
    });
    run("TLS 1.3 ChaCha20-Poly1305, 16 kB records", chacha, Depth::everything);
    for (const std::string& path : paths) {
        if (keep) fmt::print("{}\n", path);
        if (!keep) std::filesystem::remove(path);
    }
}

}  // namespace
}  // namespace tranche::bench

int main(int argc, char** argv) {
    using namespace tranche::bench;
    std::uint64_t megabytes = is_smoke(argc, argv) ? 4 : 512;
    std::string folder = std::filesystem::temp_directory_path().string();
    bool keep = false;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--megabytes" && i + 1 < argc)
            megabytes = std::strtoull(argv[++i], nullptr, 10);
        if (argument == "--folder" && i + 1 < argc) folder = argv[++i];
        keep = keep || argument == "--keep";
    }
    pin_to_core(hot_core());
    run_all(folder, megabytes, keep);
    return 0;
}
