#include "net/capture/fragments.hpp"

#include <algorithm>

namespace tranche::capture {
namespace {

constexpr std::size_t datagrams_limit = 64;
constexpr std::size_t parts_limit = 256;
constexpr std::uint32_t longest_datagram = 65'535;
constexpr Nanos patience = seconds(30);

}  // namespace

Fragments::Datagram& Fragments::find(const Fragment& piece) {
    const auto given_up = std::erase_if(
        waiting_, [&](const Datagram& one) { return piece.time - one.begun > patience; });
    lost_ += given_up;
    for (Datagram& one : waiting_)
        if (one.id == piece.id && one.protocol == piece.protocol && one.source == piece.source &&
            one.target == piece.target)
            return one;
    if (waiting_.size() == datagrams_limit) {
        waiting_.erase(waiting_.begin());
        ++lost_;
    }
    Datagram& added = waiting_.emplace_back();
    added.source = piece.source;
    added.target = piece.target;
    added.id = piece.id;
    added.protocol = piece.protocol;
    added.begun = piece.time;
    return added;
}

/// Only what no earlier piece has brought.
void Fragments::put(Datagram& into, const Fragment& piece) {
    std::uint32_t at = piece.offset;
    const auto end = static_cast<std::uint32_t>(piece.offset + piece.bytes.size());
    if (into.bytes.size() < end) into.bytes.resize(end);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> fresh;
    for (const auto& [begin, part_end] : into.parts) {
        if (part_end <= at || begin >= end) continue;
        if (piece.ipv6) into.spoilt = true;
        if (begin > at) fresh.emplace_back(at, begin);
        at = std::max(at, part_end);
    }
    if (at < end) fresh.emplace_back(at, end);
    for (const auto& [begin, part_end] : fresh)
        std::copy_n(piece.bytes.begin() + (begin - piece.offset), part_end - begin,
                    into.bytes.begin() + begin);
    into.parts.insert(into.parts.end(), fresh.begin(), fresh.end());
    std::sort(into.parts.begin(), into.parts.end());
    if (into.parts.size() > parts_limit) into.spoilt = true;
}

Bytes Fragments::add(const Fragment& piece) {
    if (piece.offset + piece.bytes.size() > longest_datagram) {
        ++lost_;
        return {};
    }
    Datagram& datagram = find(piece);
    put(datagram, piece);
    if (!piece.more)
        datagram.length = static_cast<std::uint32_t>(piece.offset + piece.bytes.size());
    std::uint32_t reached = 0;
    for (const auto& [begin, end] : datagram.parts)
        if (begin <= reached) reached = std::max(reached, end);
    const bool complete = datagram.length > 0 && reached >= datagram.length;
    if (!complete && !datagram.spoilt) return {};
    const bool good = complete && !datagram.spoilt;
    if (good) {
        whole_ = std::move(datagram.bytes);
        whole_.resize(datagram.length);
    } else {
        ++lost_;
    }
    waiting_.erase(waiting_.begin() + (&datagram - waiting_.data()));
    return good ? Bytes{whole_} : Bytes{};
}

}  // namespace tranche::capture
