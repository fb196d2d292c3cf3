// Row N14 of the fault table: a name server (Debian's dnsmasq) that fails, comes back and names
// another address, with the real programs and two nginx fronts at two addresses of loopback.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/integration/network.hpp"
#include "tests/integration/peers.hpp"

namespace tranche::integration {
namespace {

const std::string name = "fapi.exchange.test";

/// dnsmasq on a port of its own, which it keeps when it is started again.
class NameServer {
public:
    std::string address() const { return fmt::format("127.0.0.1:{}", port_); }

    /// Starts it anew: `name` has `address` from now on, and no other name is known.
    void answers(const std::string& address) {
        ends();
        const std::string log_file = fmt::format("dnsmasq-{}.log", ++starts_);
        std::vector<std::string> command{installed("dnsmasq"),
                                         "--keep-in-foreground",
                                         "--conf-file=/dev/null",
                                         "--no-resolv",
                                         "--no-hosts",
                                         "--pid-file=",
                                         fmt::format("--port={}", port_),
                                         "--listen-address=127.0.0.1",
                                         "--bind-interfaces",
                                         "--log-facility=-",
                                         "--log-queries",
                                         "--local=/test/",
                                         fmt::format("--address=/{}/{}", name, address)};
        // An account of its own, which it takes when root starts it, is not there everywhere.
        if (geteuid() == 0) command.emplace_back("--user=root");
        auto child = ChildProcess::start(command, {}, folder_.path(log_file));
        ASSERT_TRUE(child.ok()) << child.error().message;
        process_.emplace(std::move(child).value());
        ASSERT_TRUE(eventually(seconds(20), [&] {
            return folder_.read(log_file).find("started, version") != std::string::npos;
        })) << log();
    }
    void ends() {
        if (process_) process_->stop(5'000);
        process_.reset();
    }
    std::string log() const { return folder_.read(fmt::format("dnsmasq-{}.log", starts_)); }

private:
    Folder folder_;
    int starts_{};
    std::uint16_t port_{free_port()};
    std::optional<ChildProcess> process_;
};

/// An engine that knows the exchange by its name alone; nginx ends TLS at two addresses.
class Named {
public:
    Named()
        : identity_{CertificateMaker{certificates_}.sign("front", "DNS:" + name)},
          network_{{}, [this](Json& settings) { rename(settings["exchange"]); }} {}

    NameServer& names() { return names_; }
    Network& network() { return network_; }
    NginxFront& first() { return *first_; }
    NginxFront& second() { return *second_; }

private:
    void rename(Json& exchange) {
        names_.answers("127.0.0.1");
        const std::string target = exchange.value("rest_url", "");
        const std::string root = exchange.value("ca_file", "");
        first_.emplace(first_folder_, identity_, target, root);
        second_.emplace(second_folder_, identity_, target, root,
                        FrontPlace{"127.0.0.2", first_->port()});
        exchange["rest_url"] = fmt::format("https://{}:{}", name, first_->port());
        exchange["stream_url"] = fmt::format("wss://{}:{}", name, first_->port());
        exchange["ca_file"] = certificates_.path("root.pem");
        exchange["dns_servers"] = {names_.address()};
        exchange["dns_interval_s"] = 1;
    }

    Folder certificates_, first_folder_, second_folder_;
    PeerIdentity identity_;
    NameServer names_;
    std::optional<NginxFront> first_, second_;
    Network network_;
};

TEST(NetworkRow, N14_ANameServerThatFailsStopsNothingAndAChangedAddressIsTaken) {
    Named named;
    Network& net = named.network();
    ASSERT_TRUE(net.holds()) << named.names().log() << named.first().log();

    named.names().ends();
    ASSERT_TRUE(net.says("The addresses found before stay in use", seconds(20))) << net.said();
    EXPECT_NE(net.said().find(name), std::string::npos) << net.said();
    EXPECT_TRUE(net.trades_on(3));
    EXPECT_EQ(net.longest_out_of_trading().count, 0) << "no name is needed by what is open";
    named.first().let_go();
    ASSERT_TRUE(net.closes_entries()) << "every connection ended";
    ASSERT_TRUE(eventually(seconds(30), [&net] { return net.mode() == "trading"; }))
        << "reached by the last good address: " << net.said();
    EXPECT_TRUE(net.trades_on(3));
    EXPECT_EQ(named.second().answered(), 0U);

    named.names().answers("127.0.0.2");
    ASSERT_TRUE(net.says("names are found again", seconds(20))) << named.names().log();
    net.listen();
    named.first().let_go();  // it goes on listening: new connections would be taken there too
    ASSERT_TRUE(net.closes_entries()) << "every connection ended";
    ASSERT_TRUE(eventually(seconds(30), [&net] { return net.mode() == "trading"; })) << net.said();
    const std::size_t old = named.first().answered();
    EXPECT_TRUE(net.trades_on(5));
    EXPECT_EQ(named.first().answered(), old) << "somebody still asks the old address";
    EXPECT_GE(named.second().answered(), 5U);
    net.ends_well(seconds(10));
}

TEST(NetworkRow, N14_ANameThatIsNotFoundAtStartIsSaidWithWhoWasAsked) {
    const Folder folder;
    NameServer names;
    names.answers("127.0.0.1");
    Json settings = settings_for(folder, "https://elsewhere.test:443", {}, {"BTCUSDT"}, 2'000);
    settings["exchange"]["dns_servers"] = {names.address()};
    const std::string file = folder.write("settings.json", settings.dump(2));
    const std::vector<std::string> command{tranche_program(), "run", "--settings", file};
    const Ended unknown = run_to_end(folder, command);
    EXPECT_EQ(unknown.code, 69) << unknown.text;
    for (const std::string& part : {std::string{"elsewhere.test"}, names.address(),
                                    std::string{"name not found"}, std::string{"dns_servers"}})
        EXPECT_NE(unknown.text.find(part), std::string::npos) << part << ": " << unknown.text;
    names.ends();
    const Ended silent = run_to_end(folder, command);
    EXPECT_EQ(silent.code, 69) << silent.text;
    EXPECT_NE(silent.text.find(names.address() + ": "), std::string::npos) << silent.text;
}

}  // namespace
}  // namespace tranche::integration
