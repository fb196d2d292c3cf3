#include "tests/unit/capture/made.hpp"

#include <array>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <zlib.h>

namespace tranche::capture::made {
namespace {

/// A certificate for one test, signed by itself.
void give_certificate(SSL_CTX* context) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

void log_key(const SSL* session, const char* line) {
    static_cast<TlsPair*>(SSL_get_app_data(session))->key_log.append(line).append("\n");
}

std::string taken(BIO* from) {
    std::string bytes(static_cast<std::size_t>(BIO_pending(from)), '\0');
    if (!bytes.empty()) BIO_read(from, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
}

}  // namespace

void Kept::on_websocket(const WebSocketNote& note) {
    messages.push_back({note.stream,
                        note.from_client,
                        note.opcode,
                        {note.payload.begin(), note.payload.end()},
                        note.time});
}

void Kept::on_http(StreamNumber, const HttpNote& note) {
    const std::string what = note.request
                                 ? std::string{note.method} + ' ' + std::string{note.target}
                                 : std::to_string(note.status);
    http.push_back(what + ' ' + std::string{note.body} + (note.whole ? "" : " (not whole)"));
}

void Kept::on_opened(StreamNumber, Party from, Bytes bytes) {
    opened[from].append(bytes.data(), bytes.size());
}

void Kept::on_stream(StreamNumber stream, Party from, Bytes bytes) {
    streams[{stream, from}].append(bytes.data(), bytes.size());
}

std::vector<std::string> Kept::said(bool by_client) const {
    std::vector<std::string> texts;
    for (const Message& message : messages)
        if (message.from_client == by_client &&
            (message.opcode == WebSocketOpcode::text || message.opcode == WebSocketOpcode::binary))
            texts.push_back(message.payload);
    return texts;
}

std::unique_ptr<Decoded> decode(const std::string& file, const std::string& key_log) {
    auto decoded = std::make_unique<Decoded>();
    decoded->keys.add(key_log);
    decoded->decoder = std::make_unique<Decoder>(decoded->keys, decoded->kept);
    auto reader = CaptureReader::read(Input::over(file), "made");
    EXPECT_TRUE(reader) << (reader ? "" : reader.error().message);
    if (reader) decoded->decoder->read(reader.value());
    decoded->decoder->finish();
    return decoded;
}

StreamEnds ends(std::uint16_t client_port) {
    StreamEnds made;
    for (std::size_t i = 0; i < 2; ++i)
        made.host[i] = {0, 0, 0,    0,    0,  0, 0, 0,
                        0, 0, 0xFF, 0xFF, 10, 0, 0, static_cast<std::uint8_t>(i + 1)};
    made.port = {client_port, 443};
    return made;
}

TlsPair::TlsPair(const Wish& wish) {
    if (wish.resumes != nullptr) {
        client_context_ = wish.resumes->client_context_;
        server_context_ = wish.resumes->server_context_;
        SSL_CTX_up_ref(client_context_);
        SSL_CTX_up_ref(server_context_);
    } else {
        client_context_ = SSL_CTX_new(TLS_client_method());
        server_context_ = SSL_CTX_new(TLS_server_method());
        give_certificate(server_context_);
        for (SSL_CTX* context : {client_context_, server_context_}) {
            SSL_CTX_set_min_proto_version(context, wish.version);
            SSL_CTX_set_max_proto_version(context, wish.version);
            if (wish.version == TLS1_3_VERSION)
                SSL_CTX_set_ciphersuites(context, wish.suites.c_str());
            else
                SSL_CTX_set_cipher_list(context, wish.suites.c_str());
        }
        SSL_CTX_set_keylog_callback(client_context_, &log_key);
    }
    client_ = SSL_new(client_context_);
    server_ = SSL_new(server_context_);
    SSL_set_app_data(client_, this);
    for (SSL* one : {client_, server_})
        SSL_set_bio(one, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(client_);
    SSL_set_accept_state(server_);
    if (wish.resumes != nullptr) SSL_set_session(client_, SSL_get_session(wish.resumes->client_));
    for (int turn = 0; turn < 6; ++turn) {
        SSL_do_handshake(client_);
        collect();
        SSL_do_handshake(server_);
        collect();
    }
    EXPECT_EQ(SSL_is_init_finished(client_), 1);
    EXPECT_EQ(SSL_is_init_finished(server_), 1);
}

TlsPair::~TlsPair() {
    SSL_free(client_);
    SSL_free(server_);
    SSL_CTX_free(client_context_);
    SSL_CTX_free(server_context_);
}

/// Carries what one has written to the other, and keeps a copy.
void TlsPair::collect() {
    for (const Party from : {Party::first, Party::second}) {
        const std::string bytes = taken(SSL_get_wbio(of(from)));
        if (bytes.empty()) continue;
        flights.push_back({from, bytes});
        BIO_write(SSL_get_rbio(of(other(from))), bytes.data(), static_cast<int>(bytes.size()));
    }
}

void TlsPair::say(Party from, const std::string& text) {
    EXPECT_EQ(SSL_write(of(from), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
    collect();
    std::string heard(text.size(), '\0');
    EXPECT_GT(SSL_read(of(other(from)), heard.data(), static_cast<int>(heard.size())), 0);
}

void TlsPair::update_keys(Party from) {
    EXPECT_EQ(SSL_key_update(of(from), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
}

bool TlsPair::resumed() const {
    return SSL_session_reused(client_) == 1;
}

std::string upgrade_request(const std::string& target) {
    return "GET " + target +
           " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
}

std::string upgrade_answer(const std::string& extensions) {
    std::string answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    if (!extensions.empty()) answer += "Sec-WebSocket-Extensions: " + extensions + "\r\n";
    return answer + "\r\n";
}

struct Deflater::Stream {
    z_stream z{};
};

Deflater::Deflater(bool takeover) : stream_{std::make_unique<Stream>()}, takeover_{takeover} {
    deflateInit2(&stream_->z, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
}

Deflater::~Deflater() {
    deflateEnd(&stream_->z);
}

std::string Deflater::frame(const std::string& text, bool masked) {
    if (!takeover_) deflateReset(&stream_->z);
    std::string packed(text.size() + 1'000, '\0');
    stream_->z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_->z.avail_in = static_cast<uInt>(text.size());
    stream_->z.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream_->z.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream_->z, Z_SYNC_FLUSH);
    packed.resize(packed.size() - stream_->z.avail_out - 4);  // without 00 00 FF FF
    std::string made = websocket_frame(WebSocketOpcode::text, packed, masked);
    made[0] = static_cast<char>(made[0] | 0x40);
    return made;
}

std::string capture_of(const std::vector<Flight>& flights) {
    std::string file;
    PcapngWriter writer{file};
    TcpScript script{writer, ends()};
    script.open(at(0));
    std::int64_t time = 1;
    for (const Flight& flight : flights) script.data(flight.from, flight.bytes, at(time++));
    script.close(at(time));
    return file;
}

}  // namespace tranche::capture::made
