#include "net/capture/tls_stream.hpp"

#include <algorithm>
#include <cstring>

namespace tranche::capture {
namespace {

constexpr std::uint8_t change_cipher_spec = 20;
constexpr std::uint8_t handshake = 22;
constexpr std::uint8_t application_data = 23;
constexpr std::uint8_t heartbeat = 24;

constexpr std::uint8_t client_hello = 1;
constexpr std::uint8_t server_hello = 2;
constexpr std::uint8_t key_update = 24;

constexpr std::uint16_t tls13 = 0x0304;
constexpr std::uint16_t supported_versions = 43;
constexpr std::uint16_t encrypt_then_mac = 22;
constexpr std::uint32_t longest_hello = 1U << 16;
constexpr std::uint64_t smallest_record = 22;  // head, one byte, tag
constexpr std::uint64_t sequences_limit = 4096;
constexpr std::uint32_t closed_limit = 64;

/// What a ServerHello says instead of its random when it is a HelloRetryRequest.
constexpr unsigned char retry_random[] = {
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};

/// Of a record whose head is there.
std::size_t record_length(Bytes bytes) {
    return record_head + big16(bytes, 3);
}

bool is_record_head(Bytes bytes) {
    const std::uint8_t type = byte_at(bytes, 0);
    const std::uint16_t version = big16(bytes, 1);
    return type >= change_cipher_spec && type <= heartbeat && version >= 0x0300 &&
           version <= tls13 && big16(bytes, 3) <= longest_record;
}

}  // namespace

const char* name_of(TlsTrouble trouble) {
    switch (trouble) {
        case TlsTrouble::none: return "decrypted";
        case TlsTrouble::no_data: return "no application data";
        case TlsTrouble::no_handshake: return "its handshake is not in the capture";
        case TlsTrouble::no_secrets: return "its secrets are not in the key log";
        case TlsTrouble::unknown_suite: return "its cipher suite is not read";
        case TlsTrouble::compressed: return "it is compressed by TLS";
        case TlsTrouble::wrong_secrets: return "nothing opens with the secrets of the key log";
    }
    return "unknown trouble";
}

bool looks_like_tls(Bytes bytes) {
    if (bytes.size() < 3) return false;
    const std::uint8_t type = byte_at(bytes, 0);
    const std::uint16_t version = big16(bytes, 1);
    if (type < change_cipher_spec || type > application_data) return false;
    if (version < 0x0300 || version > tls13) return false;
    return bytes.size() < record_head || is_record_head(bytes);
}

TlsTrouble TlsStream::trouble() const {
    if (opened_ > 0) return TlsTrouble::none;
    if (sealed_ == 0) return TlsTrouble::no_data;
    if (compressed_) return TlsTrouble::compressed;
    if (!has_client_random_) return TlsTrouble::no_handshake;
    if (keys_.find(client_random_) == nullptr) return TlsTrouble::no_secrets;
    if (suite_id_ != 0 && suite_ == nullptr) return TlsTrouble::unknown_suite;
    return has_server_random_ ? TlsTrouble::wrong_secrets : TlsTrouble::no_handshake;
}

bool TlsStream::spend(std::size_t bytes) {
    if (budget_ < bytes) return false;
    budget_ -= bytes;
    return true;
}

void TlsStream::data(Party from, Bytes bytes, Nanos time) {
    Half& sender = half(from);
    if (sender.dead) return;
    const auto skipped =
        static_cast<std::size_t>(std::min<std::uint64_t>(sender.skip, bytes.size()));
    sender.skip -= skipped;
    bytes = bytes.subspan(skipped);
    budget_ += bytes.size() / 4;
    if (!sender.lost && !sender.buffer.empty()) bytes = complete_record(from, bytes, time);
    if (!sender.lost && sender.buffer.empty())
        bytes = bytes.subspan(take_records(from, bytes, time));
    if (sender.dead) {
        sender.buffer = {};
        return;
    }
    sender.buffer.insert(sender.buffer.end(), bytes.begin(), bytes.end());
    if (sender.lost) find_record(from, time);
}

/// Adds to the record in the buffer what it lacks, and takes it when it is whole. Returns the rest.
Bytes TlsStream::complete_record(Party from, Bytes bytes, Nanos time) {
    Half& sender = half(from);
    while (!bytes.empty()) {
        const bool has_head = sender.buffer.size() >= record_head;
        const std::size_t want = has_head ? record_length(sender.buffer) : record_head;
        const std::size_t length = std::min(want - sender.buffer.size(), bytes.size());
        sender.buffer.insert(sender.buffer.end(), bytes.begin(),
                             bytes.begin() + static_cast<std::ptrdiff_t>(length));
        bytes = bytes.subspan(length);
        if (sender.buffer.size() < want) return bytes;
        if (!has_head) {
            if (is_record_head(sender.buffer)) continue;
            lose(from, 0, time);
            return bytes;
        }
        spare_.clear();
        spare_.swap(sender.buffer);
        take_record(from, spare_, time);
        return bytes;
    }
    return bytes;
}

/// All whole records; returns the bytes used.
std::size_t TlsStream::take_records(Party from, Bytes bytes, Nanos time) {
    const Half& sender = half(from);
    std::size_t at = 0;
    while (bytes.size() - at >= record_head && !sender.lost && !sender.dead) {
        const Bytes rest = bytes.subspan(at);
        if (!is_record_head(rest)) {
            lose(from, 0, time);
            break;
        }
        const std::size_t length = record_length(rest);
        if (rest.size() < length) break;
        take_record(from, rest.first(length), time);
        at += length;
    }
    return at;
}

bool TlsStream::is_sealed(const Half& sender, std::uint8_t type) const {
    // In TLS 1.3 the outer type tells; before, nothing but application data shows a missed change.
    return sender.sealed || type == application_data;
}

void TlsStream::take_record(Party from, Bytes record, Nanos time) {
    Half& sender = half(from);
    const std::uint8_t type = byte_at(record, 0);
    ++records_;
    if (type == change_cipher_spec) return change_cipher(from);
    if (!is_sealed(sender, type))
        return take_content(from, {type, record.subspan(record_head)}, time);
    ++sealed_;
    Opened content;
    if (open(from, record, sender.closed_in_a_row, content)) {
        sender.closed_in_a_row = 0;
        return take_content(from, content, time);
    }
    ++closed_;
    ++sender.sequence;
    sink_.on_plaintext_gap(from, time);
    // Whatever this is, it will not open, and it must not take for ever to find out.
    if (++sender.closed_in_a_row > closed_limit && sender.keys) sender.dead = true;
}

void TlsStream::gap(Party from, std::uint64_t length, Nanos time) {
    Half& sender = half(from);
    if (sender.dead) return;
    if (sender.lost) {
        // What was collected cannot go on across another hole.
        sender.lost_bytes += length + sender.buffer.size();
        sender.position += length + sender.buffer.size();
        sender.buffer.clear();
        return;
    }
    if (sender.skip >= length && sender.skip > 0 && length > 0) {
        sender.skip -= length;
        return;
    }
    const bool has_head =
        sender.skip == 0 && sender.buffer.size() >= record_head && is_record_head(sender.buffer);
    const std::size_t left = has_head ? record_length(sender.buffer) - sender.buffer.size() : 0;
    if (length == 0 || length > left) return lose(from, length, time);
    // The hole ends inside a record whose end is known: one record is lost, and no more.
    ++records_;
    ++closed_;
    ++sealed_;
    if (is_sealed(sender, byte_at(sender.buffer, 0))) ++sender.sequence;
    sender.buffer.clear();
    sender.skip = left - length;
    sender.handshake = {};
    sink_.on_plaintext_gap(from, time);
}

void TlsStream::lose(Party from, std::uint64_t length, Nanos time) {
    Half& sender = half(from);
    sender.lost = true;
    sender.lost_bytes = length + sender.buffer.size() + sender.skip;
    if (length == 0) sender.lost_bytes = sequences_limit * smallest_record;
    if (length > 0) sender.buffer.clear();
    sender.skip = 0;
    sender.position = 0;
    sender.refused.clear();
    sender.handshake = {};
    sink_.on_plaintext_gap(from, time);
}

/// Looks for a record in what came after a loss: any place where one can begin, until one opens.
void TlsStream::find_record(Party from, Nanos time) {
    Half& sender = half(from);
    const Bytes all = sender.buffer;
    std::size_t keep = all.size() < record_head ? 0 : all.size() - (record_head - 1);
    for (std::size_t at = 0; at + record_head <= all.size() && !sender.dead; ++at) {
        const Bytes rest = all.subspan(at);
        if (!is_record_head(rest)) continue;
        const std::uint64_t place = sender.position + at;
        if (std::find(sender.refused.begin(), sender.refused.end(), place) != sender.refused.end())
            continue;
        const std::size_t length = record_length(rest);
        if (rest.size() < length) {
            keep = std::min(keep, at);
            continue;
        }
        Opened content;
        if (!is_proven(from, rest, content, time)) {
            sender.refused.push_back(place);
            continue;
        }
        sender.lost = false;
        const std::vector<char> rest_of_all{rest.begin() + static_cast<std::ptrdiff_t>(length),
                                            rest.end()};
        if (content.type != 0) take_content(from, content, time);
        sender.buffer.clear();
        sender.refused.clear();
        return data(from, rest_of_all, time);
    }
    sender.lost_bytes += keep;
    sender.position += keep;
    sender.buffer.erase(sender.buffer.begin(),
                        sender.buffer.begin() + static_cast<std::ptrdiff_t>(keep));
    std::erase_if(sender.refused, [&](std::uint64_t place) { return place < sender.position; });
}

/// True when a record begins here beyond doubt: it opens, or, before anything is sealed, another
/// one follows. `content` is left empty where it is still to be taken.
bool TlsStream::is_proven(Party from, Bytes rest, Opened& content, Nanos time) {
    Half& sender = half(from);
    const std::size_t length = record_length(rest);
    const Bytes record = rest.first(length);
    if (is_sealed(sender, byte_at(record, 0))) {
        const std::uint64_t reach =
            std::min(sender.lost_bytes / smallest_record + 2, sequences_limit);
        if (!open(from, record, reach, content)) {
            if (budget_ < record.size()) sender.dead = true;
            return false;
        }
        ++records_;
        ++sealed_;
        sender.closed_in_a_row = 0;
        return true;
    }
    const Bytes after = rest.subspan(length);
    if (!after.empty() && (after.size() < record_head || !is_record_head(after))) return false;
    take_record(from, record, time);
    return true;
}

/// Opens a record under the number expected, or one of the `reach` numbers behind it, or as one of
/// the first under a later secret.
bool TlsStream::open(Party from, Bytes record, std::uint64_t reach, Opened& content) {
    Half& sender = half(from);
    if (sender.keys) {
        if (open_with(sender, *sender.keys, sender.sequence, record, content)) return true;
        if (reach > 0 &&
            open_ahead(sender, *sender.keys, sender.sequence + 1, reach, record, content))
            return true;
    } else if (version_ != 0 && version_ != tls13) {
        change_cipher(from);  // it was missed
        return sender.keys && open_ahead(sender, *sender.keys, 0, reach + 1, record, content);
    }
    if (version_ != 0 && version_ != tls13) return false;
    return open_with_later_secret(from, record, reach, content);
}

bool TlsStream::open_ahead(Half& sender, RecordKeys& keys, std::uint64_t sequence,
                           std::uint64_t reach, Bytes record, Opened& content) {
    for (std::uint64_t step = 0; step < reach; ++step) {
        if (!spend(record.size())) return false;
        if (open_with(sender, keys, sequence + step, record, content)) return true;
    }
    return false;
}

bool TlsStream::open_with(Half& sender, RecordKeys& keys, std::uint64_t sequence, Bytes record,
                          Opened& content) {
    const std::ptrdiff_t length = keys.open(sequence, record, room_);
    if (length < 0) return false;
    content.type = byte_at(record, 0);
    content.bytes = Bytes{room_}.first(static_cast<std::size_t>(length));
    if (keys.is_tls13()) {
        // The true type stands behind the content and before any padding.
        std::size_t end = content.bytes.size();
        while (end > 0 && content.bytes[end - 1] == 0) --end;
        content.type = end > 0 ? byte_at(content.bytes, end - 1) : application_data;
        content.bytes = content.bytes.first(end > 0 ? end - 1 : 0);
    }
    sender.sequence = sequence + 1;
    ++opened_;
    return true;
}

/// TLS 1.3: the secrets of a direction come one after the other; which of them is at work shows by
/// what opens.
bool TlsStream::open_with_later_secret(Party from, Bytes record, std::uint64_t reach,
                                       Opened& content) {
    static constexpr std::array<SecretKind, 3> of_client = {
        SecretKind::client_early, SecretKind::client_handshake, SecretKind::client_traffic};
    static constexpr std::array<SecretKind, 2> of_server = {SecretKind::server_handshake,
                                                            SecretKind::server_traffic};
    Half& sender = half(from);
    const SessionSecrets* secrets = has_client_random_ ? keys_.find(client_random_) : nullptr;
    if (secrets == nullptr) return false;
    const std::span<const SecretKind> kinds = from == client_
                                                  ? std::span<const SecretKind>{of_client}
                                                  : std::span<const SecretKind>{of_server};
    for (std::size_t stage = sender.stage; stage < kinds.size(); ++stage) {
        const Secret& secret = secrets->of(kinds[stage]);
        if (secret.length == 0) continue;
        for (const Suite& suite : tls13_suites()) {
            if (suite_ != nullptr && suite_->id != suite.id) continue;
            if (!secret_fits(suite, secret.length)) continue;
            if (!try_secret(sender, suite, secret, reach + 1, record, content)) continue;
            sender.stage = static_cast<std::uint8_t>(stage + 1);
            return true;
        }
    }
    // A key update that was lost.
    if (sender.stage < kinds.size() || sender.suite == nullptr || reach == 0) return false;
    Secret next;
    next.length = sender.secret.length;
    return next_secret(*sender.suite, sender.secret.view(),
                       std::span{next.bytes}.first(next.length)) &&
           try_secret(sender, *sender.suite, next, reach + 1, record, content);
}

bool TlsStream::try_secret(Half& sender, const Suite& suite, const Secret& secret,
                           std::uint64_t reach, Bytes record, Opened& content) {
    auto keys = RecordKeys::from_secret(suite, secret.view());
    if (!keys || !open_ahead(sender, *keys, 0, reach, record, content)) return false;
    sender.keys = std::move(keys);
    sender.suite = &suite;
    sender.secret = secret;
    return true;
}

void TlsStream::take_content(Party from, const Opened& content, Nanos time) {
    if (content.type == application_data && !content.bytes.empty())
        sink_.on_plaintext(from, content.bytes, time);
    if (content.type == handshake) take_handshake(from, content.bytes);
}

void TlsStream::take_handshake(Party from, Bytes bytes) {
    constexpr std::size_t head = 4;
    Handshake& messages = half(from).handshake;
    while (!bytes.empty()) {
        const std::size_t skipped = std::min<std::size_t>(messages.skip, bytes.size());
        messages.skip -= static_cast<std::uint32_t>(skipped);
        bytes = bytes.subspan(skipped);
        const bool has_head = messages.bytes.size() >= head;
        const std::size_t want = has_head ? head + big24(messages.bytes, 1) : head;
        const std::size_t length = std::min(want - messages.bytes.size(), bytes.size());
        messages.bytes.insert(messages.bytes.end(), bytes.begin(),
                              bytes.begin() + static_cast<std::ptrdiff_t>(length));
        bytes = bytes.subspan(length);
        if (messages.bytes.size() < want) return;
        const std::uint8_t type = byte_at(messages.bytes, 0);
        const std::uint32_t body = big24(messages.bytes, 1);
        const bool matters = type == client_hello || type == server_hello || type == key_update;
        if (matters && body <= longest_hello && messages.bytes.size() < head + body) continue;
        if (matters && body <= longest_hello)
            take_message(from, type, Bytes{messages.bytes}.subspan(head));
        else
            messages.skip = body;
        messages.bytes.clear();
    }
}

void TlsStream::take_message(Party from, std::uint8_t type, Bytes body) {
    if (type == client_hello) return take_client_hello(from, body);
    if (type == server_hello) return take_server_hello(from, body);
    Half& sender = half(from);
    Secret next;
    next.length = sender.secret.length;
    if (version_ != 0 && version_ != tls13) return;
    if (sender.suite == nullptr ||
        !next_secret(*sender.suite, sender.secret.view(), std::span{next.bytes}.first(next.length)))
        return;
    sender.secret = next;
    sender.keys = RecordKeys::from_secret(*sender.suite, next.view());
    sender.sequence = 0;
}

void TlsStream::take_client_hello(Party from, Bytes body) {
    FieldReader fields{body};
    fields.u16();
    const Bytes random = fields.take(client_random_.size());
    if (!fields.ok()) return;
    client_ = from;
    has_client_random_ = true;
    std::copy(random.begin(), random.end(), client_random_.begin());
}

void TlsStream::take_server_hello(Party from, Bytes body) {
    FieldReader fields{body};
    std::uint16_t version = fields.u16();
    const Bytes random = fields.take(server_random_.size());
    fields.take(fields.u8());
    const std::uint16_t suite = fields.u16();
    compressed_ = fields.u8() != 0;
    if (!fields.ok()) return;
    client_ = other(from);
    mac_last_ = false;
    FieldReader extensions{fields.left() >= 2 ? fields.take(fields.u16()) : Bytes{}};
    while (extensions.ok() && extensions.left() >= 4) {
        const std::uint16_t type = extensions.u16();
        const Bytes content = extensions.take(extensions.u16());
        if (type == supported_versions && content.size() == 2) version = big16(content, 0);
        if (type == encrypt_then_mac) mac_last_ = true;
    }
    if ((version >> 8U) == 0x7F) version = tls13;  // its drafts
    version_ = version;
    suite_id_ = suite;
    suite_ = compressed_ ? nullptr : find_suite(suite);
    if (std::memcmp(random.data(), retry_random, sizeof retry_random) == 0) return;
    has_server_random_ = true;
    std::copy(random.begin(), random.end(), server_random_.begin());
}

void TlsStream::change_cipher(Party from) {
    Half& sender = half(from);
    if (version_ == tls13 || version_ == 0) return;  // there it means nothing
    sender.sealed = true;
    sender.sequence = 0;
    sender.keys.reset();
    sender.handshake = {};
    const SessionSecrets* secrets = has_client_random_ ? keys_.find(client_random_) : nullptr;
    if (secrets == nullptr || suite_ == nullptr || !has_server_random_) return;
    const Secret& master = secrets->of(SecretKind::master);
    if (master.length == 0) return;
    sender.keys = RecordKeys::from_master(*suite_, {version_, from == client_, mac_last_},
                                          master.view(), client_random_, server_random_);
}

}  // namespace tranche::capture
