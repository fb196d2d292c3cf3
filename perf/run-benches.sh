#!/usr/bin/env bash
# Runs every bench and prints what was measured, where and how; keep the output in perf/results/.
#   perf/run-benches.sh [BUILD_FOLDER] > perf/results/NAME.md
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}

setting() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
compiler=$(setting CMAKE_CXX_COMPILER)

cat <<HEADER
# Benches, $(date -u '+%Y-%m-%d %H:%M') UTC

| | |
|---|---|
| CPU | $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) logical cores |
| memory | $(awk '/MemTotal/ {printf "%.1f GiB", $2 / 1048576}' /proc/meminfo) |
| kernel | $(uname -r) |
| host | $(systemd-detect-virt 2>/dev/null || echo "virtualisation unknown"), governor $(cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor 2>/dev/null || echo "not visible"), no cores isolated unless the kernel's command line says so |
| compiler | $("$compiler" --version | head -1) |
| flags | $(setting CMAKE_CXX_FLAGS) $(setting CMAKE_CXX_FLAGS_RELEASE) -march=$(setting TRANCHE_ARCH) ($(setting CMAKE_BUILD_TYPE)) |
| commit | $(git rev-parse HEAD)$(git diff --quiet HEAD -- core net tranche persist tools bench || echo ", with changes not committed") |
| load before | $(cat /proc/loadavg) |
| taken by | \`perf/run-benches.sh\`: each bench once, threads pinned by the bench, nothing niced |

HEADER
for bench in ring parse sign engine e2e; do
    echo "## ${bench}_bench"
    echo
    echo '```'
    "$build/${bench}_bench" | sed "s/ *$//"
    echo '```'
    echo
    echo "Load after: $(cat /proc/loadavg)"
    echo
done
