#!/usr/bin/env bash
# How long the program takes to start and end: `wellspring --version`, the median of 31 runs, against
# the limit of 10 ms. Usage: bench_start.sh BUILD
set -euo pipefail
program=$(realpath "$1")/wellspring
source "$(dirname "$0")/lib.bash"

ours=$(for _ in {1..31}; do
    start=$EPOCHREALTIME
    "$program" --version >/dev/null
    end=$EPOCHREALTIME
    awk -v a="$start" -v b="$end" 'BEGIN { printf "%.6f\n", b - a }'
done | sort -n | sed -n 16p)
row start "$ours" 0.01 limit
