#include "net/address_book.hpp"

#include <algorithm>
#include <cerrno>
#include <netdb.h>
#include <utility>

#include "core/require.hpp"

namespace tranche {

AddressBook::AddressBook(const std::vector<SocketAddress>& addresses, Nanos now) {
    require(!addresses.empty(), "a peer has an address");
    found(addresses, now);
}

void AddressBook::found(const std::vector<SocketAddress>& addresses, Nanos now) {
    std::vector<Known> named;
    named.reserve(addresses.size() + known_.size());
    for (const SocketAddress& address : addresses) named.push_back({address, now});
    for (const Known& old : known_)
        if (std::ranges::find(addresses, old.address) == addresses.end()) named.push_back(old);
    known_ = std::move(named);
    if (known_.size() > capacity) known_.resize(capacity);
    named_ = addresses.size();
    forget_old(now);
    publish();
}

void AddressBook::failed(Nanos now) {
    forget_old(now);
    publish();
}

void AddressBook::forget_old(Nanos now) {
    const Known newest = known_.front();
    std::erase_if(known_, [now](const Known& one) { return now - one.named > good_for; });
    // No address at all would help nobody; the certificate decides who is spoken to.
    if (known_.empty()) known_.push_back(newest);
}

void AddressBook::publish() {
    List list;
    for (const Known& one : known_) list.addresses[list.count++] = one.address;
    list.named = std::min<std::uint64_t>(named_, list.count);
    list_.write(list);
}

SocketAddress AddressBook::pick(std::size_t turn, std::size_t failures) const {
    const List list = list_.read();
    return list.addresses[turn % (failures < list.named ? list.named : list.count)];
}

namespace {

class SystemLookup final : public NameLookup {
public:
    SystemLookup() = default;
    SystemLookup(const SystemLookup&) = delete;
    SystemLookup& operator=(const SystemLookup&) = delete;
    ~SystemLookup() override {
        if (request_ == nullptr || gai_error(&request_->block) != EAI_INPROGRESS) return;
        // A request that cannot be cancelled any more is written to later: it must outlive us.
        if (gai_cancel(&request_->block) == EAI_NOTCANCELED) [[maybe_unused]]
            Request* const left = request_.release();
    }

    void start(const std::string& host, std::uint16_t port) override {
        request_ = std::make_unique<Request>();
        request_->host = host;
        request_->port = std::to_string(port);
        request_->hints = resolver_hints(host);
        request_->block.ar_name = request_->host.c_str();
        request_->block.ar_service = request_->port.c_str();
        request_->block.ar_request = &request_->hints;
        gaicb* list = &request_->block;
        request_->refused = getaddrinfo_a(GAI_NOWAIT, &list, 1, nullptr);
    }

    std::optional<Result<std::vector<SocketAddress>>> outcome() override {
        const int refused = request_->refused;
        const int failed = refused != 0 ? refused : gai_error(&request_->block);
        if (failed == EAI_INPROGRESS) return std::nullopt;
        const std::unique_ptr<Request> done = std::move(request_);
        return read_resolver_answer(done->host, failed, done->block.ar_result);
    }

private:
    struct Request {
        std::string host;
        std::string port;
        addrinfo hints{};
        gaicb block{};
        int refused{};
    };
    std::unique_ptr<Request> request_;
};

}  // namespace

std::unique_ptr<NameLookup> make_system_lookup() {
    return std::make_unique<SystemLookup>();
}

NameWatch::NameWatch(AddressBook& book, std::string host, std::uint16_t port,
                     std::unique_ptr<NameLookup> lookup, Nanos interval, Nanos now)
    : book_{book},
      host_{std::move(host)},
      port_{port},
      lookup_{std::move(lookup)},
      fixed_{is_ip_address(host_)},
      interval_{interval},
      next_{now + interval} {}

void NameWatch::poll(Nanos now) {
    if (fixed_) return;
    if (!running_) {
        if (now < next_) return;
        next_ = now + interval_;
        running_ = true;
        lookup_->start(host_, port_);
        return;
    }
    const auto outcome = lookup_->outcome();
    if (!outcome) return;
    running_ = false;
    if (*outcome) {
        trouble_.clear();
        book_.found(outcome->value(), now);
    } else {
        ++failures_;
        trouble_ = outcome->error().message;
        book_.failed(now);
    }
}

}  // namespace tranche
