#!/usr/bin/env bash
# Adding signed statements to a log on this disk, beside the bare checking of as many Ed25519 signatures on
# as many threads: what reading, checking and keeping them costs on top. Usage: bench_log_statements.sh BUILD
set -euo pipefail
add_statements=$(realpath "$1")/bench/add_statements
source "$(dirname "$0")/lib.bash"

# Not in memory: what is synced goes to a disk.
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/bench-statements.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

for threads in 1 "$(nproc)"; do
    # Turn about, so that the machine's other work meets both.
    for i in 1 2 3 4 5; do
        "$add_statements" verify 16384 "$threads" >>"$scratch/verify-$threads"
        "$add_statements" add 16384 "$threads" "$scratch/log-$threads-$i" >>"$scratch/add-$threads"
        rm -r "$scratch/log-$threads-$i"
    done
    verified=$(sort -n "$scratch/verify-$threads" | sed -n 3p)
    added=$(sort -n "$scratch/add-$threads" | sed -n 3p)
    row "log-add-statements-16384-threads-$threads" "$added" \
        "$(awk -v v="$verified" 'BEGIN { printf "%.6f", v / 0.85 }')" "limit: 85 % of bare Ed25519"
done
