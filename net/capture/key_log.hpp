// Secrets of TLS sessions, in the format that browsers and OpenSSL write (SSLKEYLOGFILE).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <unordered_map>

#include "core/result.hpp"
#include "net/capture/bytes.hpp"

namespace tranche::capture {

using ClientRandom = std::array<char, 32>;

enum class SecretKind : std::uint8_t {
    master,  // TLS up to 1.2
    client_early,
    client_handshake,
    server_handshake,
    client_traffic,
    server_traffic,
};
inline constexpr std::size_t secret_kinds = 6;

struct Secret {
    std::array<char, 64> bytes{};
    std::uint8_t length{};  // 0: not known

    Bytes view() const { return Bytes{bytes}.first(length); }
};

/// Everything that was said about one session.
struct SessionSecrets {
    std::array<Secret, secret_kinds> by_kind{};
    const Secret& of(SecretKind kind) const { return by_kind[static_cast<std::size_t>(kind)]; }
};

class KeyLog {
public:
    /// Reads a key log file. Errors: (not_found, io) it cannot be read; (bad_data) it has lines,
    /// and none of them is one of a key log.
    Result<Done> add_file(const std::string& path);
    /// Takes every line that it understands; comments and other labels are passed over.
    void add(Bytes text);

    /// Null while nothing is known about the session.
    const SessionSecrets* find(const ClientRandom& random) const;

    std::size_t sessions() const { return sessions_.size(); }
    /// Lines that were neither empty, comment, nor of the format.
    std::uint64_t bad_lines() const { return bad_lines_; }

private:
    struct Hash {
        std::size_t operator()(const ClientRandom& random) const noexcept {
            std::size_t value = 0;  // random already
            std::memcpy(&value, random.data(), sizeof value);
            return value;
        }
    };
    bool add_line(std::string_view line);

    std::unordered_map<ClientRandom, SessionSecrets, Hash> sessions_;
    std::uint64_t bad_lines_{};
};

}  // namespace tranche::capture
