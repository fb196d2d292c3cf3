#!/usr/bin/env bash
# Installs the Debian packages that are missing; does nothing, and asks for nothing, when none is.
# usage: tools/install-packages.sh [build|test]     what building needs, or (default) testing too
set -euo pipefail

build_packages=(
    g++ cmake ninja-build pkg-config ca-certificates openssl
    libboost-dev libc-ares-dev libcli11-dev libconcurrentqueue-dev libcrypto++-dev libfmt-dev libmicrohttpd-dev
    libcurl4-openssl-dev libmimalloc-dev libreaderwriterqueue-dev libsecp256k1-dev libsimdjson-dev libspdlog-dev
    libsqlite3-dev libssl-dev liburing-dev libzstd-dev nlohmann-json3-dev zlib1g-dev
    libbenchmark-dev libgmock-dev libgtest-dev
)
test_packages=(
    clang clang-format clang-tidy lld libclang-rt-14-dev llvm python3 git
    dnsmasq-base nginx-light python3-websockets
)

case "${1:-test}" in
    build) wanted=("${build_packages[@]}") ;;
    test) wanted=("${build_packages[@]}" "${test_packages[@]}") ;;
    *)
        echo "usage: tools/install-packages.sh [build|test]" >&2
        exit 64
        ;;
esac

if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian system; install the equivalents of: ${wanted[*]}" >&2
    exit 69
fi

missing=()
for package in "${wanted[@]}"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "These packages are missing and only root can install them: ${missing[*]}" >&2
        exit 69
    fi
    as_root=(sudo -E)
fi

export DEBIAN_FRONTEND=noninteractive
apt=("${as_root[@]}" apt-get -q -o Dpkg::Use-Pty=0 -o Acquire::Retries=3)
install() { "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null; }

echo "Installing ${#missing[@]} packages: ${missing[*]}"
# The package lists may be absent or old; they are only fetched when the first try says so.
if ! install; then
    if ! { "${apt[@]}" update </dev/null && install; }; then
        echo "Could not install: ${missing[*]}" >&2
        echo "Is this host online, and does it have Debian 12's package sources?" >&2
        exit 69
    fi
fi
