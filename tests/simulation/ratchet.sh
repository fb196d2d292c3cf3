#!/bin/sh
# Runs the simulation with every fault and compares the number of seeds that break an invariant with
# the number that is known: it may only fall. The seeds themselves: `tranche sim … --faults all`.
# usage: ratchet.sh TRANCHE MOST
set -eu
answer=$("$1" sim --seeds 1000 --steps 20000 --faults all --json 2>/dev/null) || [ $? -eq 1 ]
field() { printf '%s\n' "$answer" | sed -nE "s/^  \"$1\": ([0-9]+),?\$/\1/p"; }
violations=$(field violations)
doubled=$(field doubled_orders)
echo "violating seeds: ${violations:-none told} of 1000, at most $2; doubled orders: ${doubled:-none told}"
printf '%s\n' "$answer" | sed -n '/first_violation/,/}/p'
[ -n "$violations" ] && [ "$violations" -le "$2" ] && [ "$doubled" = 0 ]
