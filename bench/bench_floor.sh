#!/usr/bin/env bash
# What the noise floor adds to the metrics of a chain: its human sample, a model's sample and all metrics
# of them with the floor beside, against the same without. A floor is measured once for each chain, as the
# human sample is drawn once; here it stands beside one measured generation, the fewest there are, so the
# ratio is to be 0.5 or more.
# Usage: bench_floor.sh BUILD [CORPUS]
set -euo pipefail
build=$(realpath "$1")/bench
corpus=$(realpath "${2:-build/corpus/austen.txt}")
columns="claim,CPU seconds with floor,peer,seconds without,without over with"
source "$(dirname "$0")/lib.bash"

# claim NAME ARGUMENTS...
claim() {
    local measured floor
    read -r measured floor < <("$build/floor" "${@:2}")
    row "$1" "$(awk -v a="$measured" -v b="$floor" 'BEGIN { print a + b }')" "$measured" "no floor"
}

claim floor-of-1e5-symbols symbols
claim floor-of-5000-vectors-of-16 vectors
claim floor-of-2000-texts-of-100-words text "$corpus"
