#!/usr/bin/env bash
# Runs of 10,000 seeds: what is kept of each number that was measured, against the same as CSV, and how
# long exports take: of the summary, the median of 11, against a limit, and of every number, the median of
# three, against Python's csv module, which copies what was exported. Usage: bench_seeds.sh BUILD
set -euo pipefail
program=$(realpath "$1")/wellspring
columns='claim,ours,peer,theirs,theirs over ours'
source "$(dirname "$0")/lib.bash"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

printf 'family: gaussian\nsource: normal\nitems: 20\npolicies: [replace, keep:0.1]\n' >seeds.yaml
printf 'generations: 20\nseeds: 10000\n' >>seeds.yaml
"$program" run seeds.yaml -q -o run
"$program" export run -o all.csv
numbers=$(($(wc -l <all.csv) - 1))

bytes_a_number() {
    awk -v bytes="$1" -v numbers="$numbers" 'BEGIN { print bytes / numbers }'
}
summarise() {
    local start=$EPOCHREALTIME
    "$program" export run --summary >/dev/null
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.6f\n", b - a }'
}
copy_csv() {
    /usr/bin/python3 -c '
import csv, sys
csv.writer(sys.stdout).writerows(csv.reader(open("all.csv")))'
}

row "10,000 seeds: bytes a number" "$(bytes_a_number "$(du -sb run | cut -f 1)")" \
    "$(bytes_a_number "$(stat -c %s all.csv)")" "CSV"
row "10,000 seeds: seconds for the summary" \
    "$(for _ in {1..11}; do summarise; done | sort -n | sed -n 6p)" 0.1 limit
row "10,000 seeds: seconds for $numbers numbers as CSV" "$(seconds "$program" export run)" \
    "$(seconds copy_csv)" "python csv copying them"
