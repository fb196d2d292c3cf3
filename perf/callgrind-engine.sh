#!/usr/bin/env bash
# Counts what one event costs the engine: instructions, and misses of a first-level data and
# instruction cache of 32 KiB and of 1 MiB behind them, by valgrind's callgrind. The same on every
# machine and under any load, so that two commits can be compared.
#   perf/callgrind-engine.sh [BUILD_FOLDER [SYMBOLS…]]      default: build/release 10 300 1000
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
shift || true
[[ $# -gt 0 ]] || set -- 10 300 1000

command -v valgrind > /dev/null || { echo "valgrind is not installed" >&2; exit 1; }
cmake --build "$build" --target engine_bench > /dev/null
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

turns() { case $1 in ticks | books) echo 100 ;; *) echo 1000 ;; esac; }

# One line: instructions, D1 misses, I1 misses, LL misses of an event.
measure() {
    local kind=$1 symbols=$2
    valgrind --tool=callgrind --cache-sim=yes --I1=32768,8,64 --D1=32768,8,64 \
        --LL=1048576,8,64 --toggle-collect='tranche::bench::EngineMarket::measured(*' \
        --callgrind-out-file="$scratch/$kind-$symbols" \
        "$build/engine_bench" --only "$kind" --symbols "$symbols" --turns "$(turns "$kind")" \
        > "$scratch/said" 2> "$scratch/log" || { cat "$scratch/log" >&2; return 1; }
    local events
    events=$(sed -n 's/^measured events: //p' "$scratch/said")
    # Events of callgrind, in the order of its head: Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw.
    sed -n 's/^summary: //p; s/^totals: //p' "$scratch/$kind-$symbols" | head -1 |
        awk -v n="$events" -v kind="$kind" -v symbols="$symbols" '{
            printf "| %s | %d | %.0f | %.0f | %.1f | %.1f | %.1f |\n", kind, symbols, $1 / n,
                ($2 + $3) / n, ($5 + $6) / n, $4 / n, ($7 + $8 + $9) / n }'
}

echo "| event | symbols | instructions | data accesses | D1 misses | I1 misses | L2 misses |"
echo "|---|---|---|---|---|---|---|"
for kind in ticks books liquidations triggers fills; do
    for symbols in "$@"; do measure "$kind" "$symbols"; done
done
