#include "tests/integration/peers.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace tranche::integration {
namespace {

constexpr Nanos patience = seconds(30);

template <class T> T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(result).value();
}

void run_openssl(const Folder& folder, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), installed("openssl"));
    const Ended ended = run_to_end(folder, arguments);
    if (ended.code != 0) throw std::runtime_error("openssl failed: " + ended.text);
}

SocketAddress loopback(std::uint16_t port) {
    return must(resolve("127.0.0.1", port)).front();
}

/// The number at the end of the first line that begins with `mark`; 0 while there is none.
std::uint16_t port_after(const std::string& text, const std::string& mark) {
    const std::size_t begin = text.find(mark);
    const std::size_t end = begin == std::string::npos ? begin : text.find('\n', begin);
    if (end == std::string::npos) return 0;
    const std::string line = text.substr(begin, end - begin);
    return static_cast<std::uint16_t>(std::stoi(line.substr(line.find_last_of(": ") + 1)));
}

}  // namespace

std::string installed(const std::string& program) {
    for (const char* folder : {"/usr/bin/", "/usr/sbin/"})
        if (std::filesystem::exists(folder + program)) return folder + program;
    throw std::runtime_error(program + " is not installed: run tools/install-packages.sh test");
}

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const SocketAddress any = loopback(1);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr = reinterpret_cast<const sockaddr_in*>(&any.storage)->sin_addr;
    socklen_t length = sizeof place;
    const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&place), length) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&place), &length) == 0;
    ::close(fd);
    if (!bound) throw std::runtime_error("no port is free");
    return ntohs(place.sin_port);
}

CertificateMaker::CertificateMaker(const Folder& folder, const std::string& name)
    : folder_{folder}, root_{folder.path(name + ".pem"), folder.path(name + ".key")} {
    run_openssl(folder, {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                         "-nodes", "-keyout", root_.key, "-out", root_.certificate, "-subj",
                         "/CN=" + name, "-days", "30"});
}

PeerIdentity CertificateMaker::sign(const std::string& name, const std::string& names,
                                    int days) const {
    const PeerIdentity made{folder_.path(name + ".pem"), folder_.path(name + ".key")};
    const std::string request = folder_.path(name + ".csr");
    run_openssl(folder_, {"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                          "-keyout", made.key, "-out", request, "-subj", "/CN=" + name, "-addext",
                          "subjectAltName=" + names});
    run_openssl(folder_, {"x509", "-req", "-in", request, "-CA", root_.certificate, "-CAkey",
                          root_.key, "-CAcreateserial", "-out", made.certificate, "-days",
                          std::to_string(days), "-copy_extensions", "copy"});
    return made;
}

PeerIdentity CertificateMaker::self_signed(const std::string& name) const {
    const PeerIdentity made{folder_.path(name + ".pem"), folder_.path(name + ".key")};
    run_openssl(folder_,
                {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", made.key, "-out", made.certificate, "-subj", "/CN=" + name, "-addext",
                 "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "30"});
    return made;
}

Peer::Peer(const Folder& folder, const std::string& name, const std::vector<std::string>& command,
           const std::string& mark)
    : folder_{folder}, name_{name} {
    process_ = must(ChildProcess::start(command, {}, folder.path(name + ".log")));
    eventually(patience, [&] {
        port_ = port_after(log(), mark);
        return port_ != 0 || !process_->running();
    });
    if (port_ == 0) throw std::runtime_error(name + " does not start: " + log());
}

Peer openssl_server(const Folder& folder, const std::string& name, const PeerIdentity& identity) {
    return Peer{folder,
                name,
                {installed("openssl"), "s_server", "-accept", "127.0.0.1:0", "-cert",
                 identity.certificate, "-key", identity.key, "-www"},
                "ACCEPT "};
}

namespace {

/// Everything below `folder`; as little privilege as whoever runs the test has.
std::string nginx_settings(const std::string& folder, const std::string& address,
                           const PeerIdentity& identity, const std::string& target,
                           const std::string& target_root) {
    std::string paths;
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
        paths += fmt::format("    {}_temp_path {}/nginx-{};\n", kind, folder, kind);
    // A master that runs as root would give its workers an account that cannot see our folder.
    const std::string user = geteuid() == 0 ? "user root;\n" : "";
    return user + fmt::format(
                      "daemon off;\nworker_processes 1;\npid {0}/nginx.pid;\n"
                      "worker_shutdown_timeout 1s;\n"
                      "events {{ worker_connections 256; }}\n"
                      "http {{\n"
                      "    access_log {0}/answered.log;\n{1}"
                      "    map $http_upgrade $connection_kind {{ default upgrade; '' ''; }}\n"
                      "    server {{\n"
                      "        listen {2} ssl;\n"
                      "        ssl_certificate {3};\n"
                      "        ssl_certificate_key {4};\n"
                      "        location / {{\n"
                      "            proxy_pass {5};\n"
                      "            proxy_ssl_verify on;\n"
                      "            proxy_ssl_server_name on;\n"
                      "            proxy_ssl_trusted_certificate {6};\n"
                      "            proxy_http_version 1.1;\n"
                      "            proxy_buffering off;\n"
                      "            proxy_set_header Host $http_host;\n"
                      "            proxy_set_header Upgrade $http_upgrade;\n"
                      "            proxy_set_header Connection $connection_kind;\n"
                      "        }}\n    }}\n}}\n",
                      folder, paths, address, identity.certificate, identity.key, target,
                      target_root);
}

}  // namespace

NginxFront::NginxFront(const Folder& folder, const PeerIdentity& identity,
                       const std::string& target, const std::string& target_root,
                       const FrontPlace& place)
    : folder_{folder} {
    // nginx cannot be asked to find a port; one that was free may be taken when it binds.
    for (int attempt = 0; attempt < 5; ++attempt)
        if (start(identity, target, target_root, place)) return;
    throw std::runtime_error("nginx does not start: " + log());
}

bool NginxFront::start(const PeerIdentity& identity, const std::string& target,
                       const std::string& target_root, const FrontPlace& place) {
    port_ = place.port != 0 ? place.port : free_port();
    const std::string listens = fmt::format("{}:{}", place.address, port_);
    const std::string root = std::filesystem::path{folder_.path("x")}.parent_path().string();
    const std::string file =
        folder_.write("nginx.conf", nginx_settings(root, listens, identity, target, target_root));
    process_ =
        must(ChildProcess::start({installed("nginx"), "-e", "stderr", "-p", root, "-c", file}, {},
                                 folder_.path("nginx.log")));
    const SocketAddress address = must(resolve(place.address, port_)).front();
    eventually(patience, [&] {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto* there = reinterpret_cast<const sockaddr*>(&address.storage);
        const bool listening = ::connect(fd, there, address.length) == 0;
        ::close(fd);
        return listening || !process_->running();
    });
    return process_->running();
}

std::size_t NginxFront::answered() const {
    const std::string text = folder_.read("answered.log");
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

void NginxFront::let_go() {
    ::kill(process_->pid(), SIGHUP);
}

StreamClient::StreamClient(std::uint16_t port, const std::string& ca_file, const std::string& host,
                           std::size_t message_limit)
    : port_{port}, host_{host} {
    if (!ca_file.empty()) tls_ = must(TlsContext::create({ca_file, {}}));
    reactor_ = must(Reactor::create({}, TimeSource{clock_}));
    connection_ = std::make_unique<WebSocketConnection>(*reactor_, must(reactor_->acquire()),
                                                        tls_.get(), LinkSettings{}, message_limit);
}

void StreamClient::open(const std::string& target) {
    connection_->open(loopback(port_), host_, host_ + ":" + std::to_string(port_), target,
                      kernel_now());
}

bool StreamClient::drive(const std::function<bool()>& done) {
    const Nanos limit = monotonic_now() + patience;
    while (monotonic_now() < limit) {
        reactor_->wait(milliseconds(1));
        connection_->poll(kernel_now());
        if (done()) return true;
    }
    return false;
}

std::optional<std::string> StreamClient::next() {
    std::optional<std::string> message;
    drive([&] {
        if (connection_->receive(kernel_now()))
            message.emplace(connection_->message().data(), connection_->message().size());
        return message.has_value() || connection_->state() == LinkState::closed;
    });
    connection_->take();
    return message;
}

bool StreamClient::ends() {
    return drive([this] {
        if (connection_->receive(kernel_now())) connection_->take();
        return connection_->state() == LinkState::closed;
    });
}

}  // namespace tranche::integration
