#!/usr/bin/env bash
# What the noise floor adds to the metrics of a chain. A floor is measured once for each chain: one more human
# sample, and one more measurement.
#
# First beside one measured generation, the fewest there are: what a chain needs (its human sample made ready, a
# sample of the model, all metrics of that) with the floor, against the same without. Then the metrics alone, no
# sample of theirs counted but the floor's, of three generations. Of one generation alone a floor could not but
# double them, for it is as many metrics, and its sample comes on top: dear where drawing costs what measuring
# does (symbols), next to nothing elsewhere. The ratio is to be 0.5 or more.
# Usage: bench_floor.sh BUILD [CORPUS]
set -euo pipefail
build=$(realpath "$1")/bench
corpus=$(realpath "${2:-build/corpus/austen.txt}")
columns="claim,CPU seconds with floor,peer,seconds without,without over with"
source "$(dirname "$0")/lib.bash"

sum() {
    awk -v all="$*" 'BEGIN { count = split(all, one, " "); for (i = 1; i <= count; i++) s += one[i]; print s }'
}

# claims NAME ARGUMENTS...
claims() {
    local ready sample metrics floor
    read -r ready sample metrics floor < <("$build/floor" "${@:2}")
    row "floor-of-$1" "$(sum "$ready" "$sample" "$metrics" "$floor")" \
        "$(sum "$ready" "$sample" "$metrics")" "no floor"
    row "floor-beside-3-times-the-metrics-of-$1" "$(sum "$metrics" "$metrics" "$metrics" "$floor")" \
        "$(sum "$metrics" "$metrics" "$metrics")" "no floor"
}

claims 1e5-symbols symbols
claims 5000-vectors-of-16 vectors
claims 2000-texts-of-100-words text "$corpus"
