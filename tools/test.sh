#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test that needs no special host.
# usage: tools/test.sh [--quick]
#   --quick   only the release build and its unit tests
# The last line counts what passed and failed; the exit code is 1 if anything failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 74

quick=false
case "${1:-}" in
    "") ;;
    --quick) quick=true ;;
    *)
        echo "usage: tools/test.sh [--quick]" >&2
        exit 64
        ;;
esac

passed=0
failed=0
failures=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Runs a command as one step of the count.
step() {
    local name=$1
    shift
    local begin=$SECONDS
    printf '\n=== %s\n' "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        failures+=("$name")
    fi
    printf '=== %s: %d s\n' "$name" $((SECONDS - begin))
}

# Runs ctest; each of its tests counts.
run_ctest() {
    local name=$1
    shift
    local begin=$SECONDS
    printf '\n=== %s\n' "$name"
    ctest --output-on-failure --no-tests=error -j "$(nproc)" "$@" </dev/null 2>&1 | tee "$log" |
        grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed |^ *Start '
    local code=${PIPESTATUS[0]}
    local all bad
    all=$(sed -nE 's/.*tests? failed out of ([0-9]+).*/\1/p' "$log" | tail -1)
    bad=$(sed -nE 's/.* ([0-9]+) tests? failed out of .*/\1/p' "$log" | tail -1)
    if [ -z "$all" ]; then # it did not get as far as running any
        failed=$((failed + 1))
        failures+=("$name")
    else
        passed=$((passed + all - bad))
        failed=$((failed + bad))
        if [ "$code" -ne 0 ]; then
            failures+=("$name")
            [ "$bad" -gt 0 ] || failed=$((failed + 1))
        fi
    fi
    printf '=== %s: %d s\n' "$name" $((SECONDS - begin))
}

check_format() {
    git ls-files -z '*.cpp' '*.hpp' | xargs -0 -r clang-format --dry-run -Werror
}

check_clang_tidy() {
    run-clang-tidy -quiet -j "$(nproc)" -p build/asan \
        "^$(pwd)/(core|net|tranche|persist|tools)/.*\.cpp$" >"$log" 2>/dev/null
    local code=$?
    grep -E -A 3 '(warning|error):' "$log" | head -200
    return $code
}

# ThreadSanitizer of clang 14 cannot live with the address randomisation of newer kernels.
run_under_tsan() {
    local fixed=()
    setarch "$(uname -m)" -R true 2>/dev/null && fixed=(setarch "$(uname -m)" -R)
    "${fixed[@]}" build/tsan/unit_core --gtest_brief=1 \
        --gtest_filter='Ring.*:ByteRing.*:Snapshot.*:Histogram.*'
}

filter=()
if [ -z "${TRANCHE_TESTDATA:-}" ] && [ -d ../shared/testdata ]; then
    TRANCHE_TESTDATA=$(cd ../shared/testdata && pwd)
    export TRANCHE_TESTDATA
fi
warn_of_missing_recordings() {
    [ -n "${TRANCHE_TESTDATA:-}" ] && return
    cat >&2 <<'TEXT'

************************************************************************************
** TRANCHE_TESTDATA is not set: the tests over recorded data (suites Recorded…)   **
** ARE NOT RUN. Set it to the folder of the recordings to run everything.         **
************************************************************************************
TEXT
}
[ -n "${TRANCHE_TESTDATA:-}" ] || filter=(-E '(^|/)Recorded')
warn_of_missing_recordings

tools/install-packages.sh test </dev/null || exit $?

step "release build" tools/build.sh release
if $quick; then
    run_ctest "release unit tests" --test-dir build/release -L unit "${filter[@]}"
else
    run_ctest "release tests" --test-dir build/release "${filter[@]}"
    step "headers stand alone" cmake --build --preset release \
        --target all_verify_interface_header_sets
    step "clang-format" check_format
    step "asan build" tools/build.sh asan
    run_ctest "asan unit tests, damaged captures" --test-dir build/asan -L 'unit|mutations' "${filter[@]}"
    step "tsan build" tools/build.sh tsan unit_core
    step "tsan: rings and snapshots" run_under_tsan
    step "clang-tidy" check_clang_tidy
fi

warn_of_missing_recordings
for failure in "${failures[@]}"; do echo "FAILED: $failure"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
