#!/usr/bin/env bash
# Installs what is missing, builds, and runs the demo: the engine against the simulated exchange.
# usage: tools/demo.sh [seconds] [--recording FILE]… [further flags of `tranche demo`]
#   without seconds it runs until Ctrl-C
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

arguments=()
if [[ "${1:-}" =~ ^[0-9]+$ ]]; then
    arguments+=(--seconds "$1")
    shift
fi
case "${1:-}" in
    -h | --help)
        sed -n '2,4p' "$0"
        exit 0
        ;;
esac
tools/build.sh release tranche tranche-exchange >&2
exec build/release/tranche demo "${arguments[@]}" "$@"
