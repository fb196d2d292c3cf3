#!/usr/bin/env bash
# Configures and builds one preset into build/<preset>.
# usage: tools/build.sh [release|debug|asan|tsan|fuzz|coverage] [TARGET…]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=${1:-release}
shift || true
case "$preset" in
    release | debug | coverage) tools/install-packages.sh build ;;
    asan | tsan | fuzz) tools/install-packages.sh test ;;
    *)
        echo "unknown preset \"$preset\"" >&2
        echo "usage: tools/build.sh [release|debug|asan|tsan|fuzz|coverage] [TARGET…]" >&2
        exit 64
        ;;
esac

cmake --preset "$preset"
cmake --build --preset "$preset" ${1:+--target "$@"}
