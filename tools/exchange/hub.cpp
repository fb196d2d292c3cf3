#include "tools/exchange/hub.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace tranche::exchange {

bool Hub::wanted(std::string_view stream) const {
    return std::any_of(peers_.begin(), peers_.end(),
                       [stream](const Peer* peer) { return peer->subscriptions().has(stream); });
}

void Hub::deliver(std::string_view stream, const std::string& payload) const {
    SharedText raw;
    SharedText wrapped;
    // Sending may close a peer that is too slow, and a closed peer leaves the set.
    for (Peer* peer : readers(stream)) {
        if (!peer->subscriptions().takes(payload)) continue;
        SharedText& text = peer->subscriptions().combined ? wrapped : raw;
        if (!text)
            text = std::make_shared<const std::string>(
                peer->subscriptions().combined
                    ? fmt::format(R"({{"stream":"{}","data":{}}})", stream, payload)
                    : payload);
        peer->send(text);
    }
}

std::vector<Peer*> Hub::readers(std::string_view stream) const {
    std::vector<Peer*> found;
    std::copy_if(peers_.begin(), peers_.end(), std::back_inserter(found),
                 [stream](const Peer* peer) { return peer->subscriptions().has(stream); });
    return found;
}

}  // namespace tranche::exchange
