// pcap (micro- and nanoseconds, both byte orders) and pcapng (several sections and interfaces,
// their clocks, secrets; what is unknown is passed over). Gives what the file says and guesses
// nothing: at the first byte that cannot be right it stops and says where.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/capture/input.hpp"
#include "net/capture/packet.hpp"

namespace tranche::capture {

enum class ReadVerdict : std::uint8_t {
    packet,
    secrets,  // a block of TLS secrets; see `secrets`
    gap,      // the recorder says that it missed packets; see `missed`
    end,
    broken,  // the file ends inside a packet, or goes on with what is none; see `trouble`
};

class CaptureReader {
public:
    /// Longest packet taken for one; more is damage.
    static constexpr std::uint32_t longest_packet = 1U << 20;

    /// Errors: (not_found, io) as `Input::open`; (bad_data) it is no capture.
    static Result<CaptureReader> open(const std::string& path);
    /// `name` is what messages call it.
    static Result<CaptureReader> read(std::unique_ptr<Input> input, std::string name);

    ReadVerdict next(Packet& packet) { return pcapng_ ? next_block(packet) : next_record(packet); }

    /// Of the block reported last: the text of an NSS key log. Valid until the next call.
    Bytes secrets() const { return secrets_; }
    /// Packets that the recorder says it missed, as the block reported last counts them.
    std::uint64_t missed() const { return missed_; }
    /// What was wrong and where, once it is `broken`.
    const std::string& trouble() const { return trouble_; }
    std::uint64_t offset() const { return input_->offset(); }
    /// Blocks and packets that were passed over: an interface nobody described, a clock that
    /// cannot be.
    std::uint64_t odd() const { return odd_; }

private:
    struct Interface {
        LinkType link{};
        std::uint32_t snap_length{};
        std::uint64_t units{1'000'000};  // a second
        std::int64_t offset{};           // seconds
    };

    CaptureReader(std::unique_ptr<Input> input, std::string name)
        : input_{std::move(input)}, name_{std::move(name)} {}
    Result<Done> read_head();
    ReadVerdict next_record(Packet& packet);
    ReadVerdict next_block(Packet& packet);
    ReadVerdict take_block(std::uint32_t type, Bytes body, Packet& packet, bool& told);
    bool begin_section();
    void add_interface(Bytes body);
    void read_options(Bytes options, Interface& into) const;
    bool take_packet(const Interface& from, std::uint64_t ticks, Bytes data, std::uint32_t captured,
                     std::uint32_t length, Packet& packet);
    ReadVerdict broken(const std::string& what);
    ReadVerdict cut();

    std::uint16_t u16(Bytes bytes, std::size_t at) const {
        return little_ ? little16(bytes, at) : big16(bytes, at);
    }
    std::uint32_t u32(Bytes bytes, std::size_t at) const {
        return little_ ? little32(bytes, at) : big32(bytes, at);
    }

    std::unique_ptr<Input> input_;
    std::string name_;
    bool pcapng_{};
    bool little_{};
    bool nanoseconds_{};
    std::uint32_t record_head_{16};
    LinkType link_{};
    std::vector<Interface> interfaces_;
    std::uint64_t pending_{};  // bytes of the packet reported last, to be passed over
    Nanos newest_{};           // time of the packet before, for those that have none
    Bytes secrets_;
    std::uint64_t missed_{};
    std::uint64_t odd_{};
    std::string trouble_;
};

}  // namespace tranche::capture
