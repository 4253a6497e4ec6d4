#!/usr/bin/env bash
# A transparency log on this disk. A million entries of 128 bytes, 50,000 at a time, each batch
# synced and published; entries one by one, where 99 of 100 may take as long as three bare syncs of
# the same disk; statements, checked and added, beside their signatures alone. Then, in a log of
# LOG_ENTRIES (10^8) entries of 8 bytes, a proof of any of them from its files, the checking of one,
# and the memory that adding and proving takes there and in a log of 10^5 entries (KiB, not seconds).
# The large log takes some minutes and 5 GB; how many, is said before. Usage: bench_log.sh BUILD
set -euo pipefail
log_speed=$(realpath "$1")/bench/log_speed
source "$(dirname "$0")/lib.bash"

# Not in memory: what is synced goes to a disk.
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/bench-log.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

for i in 1 2 3; do
    "$log_speed" add 1000000 128 50000 "$scratch/log-$i"
    rm -r "$scratch/log-$i"
done | sort -n | sed -n 2p >"$scratch/added"
row log-add-1000000x128 "$(cat "$scratch/added")" 5 "limit: 200,000 a second"

{ read -r one && read -r sync; } < <("$log_speed" one 1000 "$scratch/one")
row log-add-one-p99 "$one" "$(awk -v s="$sync" 'BEGIN { print 3 * s }')" "three bare syncs"

{ read -r added && read -r bare; } < <("$log_speed" statements 20000 "$scratch/statements")
row log-add-20000-statements "$added" "$bare" "Ed25519 alone (0.85 wanted)"

entries=${LOG_ENTRIES:-100000000}
million=$("$log_speed" add 1000000 8 1000000 "$scratch/million")
rm -r "$scratch/million"
awk -v s="$million" -v n="$entries" 'BEGIN {
    printf "a log of %d entries of 8 bytes: about %.0f s, at %.2f s a million\n", n, s * n / 1e6, s }' >&2
"$log_speed" add "$entries" 8 1000000 "$scratch/large" >/dev/null
"$log_speed" prove 1000 "$scratch/large" >/dev/null # so that its tiles are in memory, as when served
row log-prove-one "$("$log_speed" prove 2000 "$scratch/large")" 0.001 "limit: 1 ms"
row log-verify-100000 "$("$log_speed" verify 100000 "$scratch/large")" 1 "limit: 100,000 a second and core"

"$log_speed" add 100000 8 100000 "$scratch/small" >/dev/null
row log-memory "$("$log_speed" memory 10000 "$scratch/large")" \
    "$("$log_speed" memory 10000 "$scratch/small")" "a log of 10^5 entries"
