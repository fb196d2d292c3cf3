#include <arpa/inet.h>
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/line.hpp"

namespace tranche::integration {
namespace {

/// A port nobody listens on now. The demo takes numbers, not zero.
int free_port() {
    const int socket_number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    const bool bound =
        bind(socket_number, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
        getsockname(socket_number, reinterpret_cast<sockaddr*>(&address), &length) == 0;
    close(socket_number);
    return bound ? ntohs(address.sin_port) : 0;
}

TEST(Demo, EndsWithLedgerAndTranchesInAgreement) {
    const Folder folder;
    const int page = free_port();
    const int exchange = free_port();
    ASSERT_NE(page, 0);
    ASSERT_NE(exchange, 0);
    const Ended demo =
        run_to_end(folder,
                   {tranche_program(), "demo", "--seconds", "8", "--folder", folder.path("demo"),
                    "--port", std::to_string(page), "--exchange-port", std::to_string(exchange)},
                   {}, seconds(100));
    std::filesystem::remove(fmt::format("/dev/shm/tranche-demo-{}-{}.journal", getuid(), page));
    EXPECT_EQ(demo.code, 0) << demo.text;
    EXPECT_NE(demo.text.find("agree to the last step"), std::string::npos) << demo.text;
    EXPECT_NE(demo.text.find("without TP and SL        0"), std::string::npos) << demo.text;
    EXPECT_NE(demo.text.find("engine restarts          0"), std::string::npos) << demo.text;
}

}  // namespace
}  // namespace tranche::integration
