#!/usr/bin/env bash
# Nearest neighbours of 10,000 vectors of 64 numbers, and precision, recall, density and coverage of
# 10,000 against 10,000, on all processors. Usage: bench_knn.sh BUILD
set -euo pipefail
build=$(realpath "$1")/bench
source "$(dirname "$0")/lib.bash"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The machine's numpy may be told to use slow kernels; the peer is timed as Debian ships it.
sklearn_neighbours() {
    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE /usr/bin/python3 "$bench/knn.py" "$@"
}

# claim NAME WORK
claim() {
    local ours found theirs theirs_found
    read -r ours found < <("$build/knn" "$2" 10000 64 "$scratch/data")
    read -r theirs theirs_found < <(sklearn_neighbours "$2" 10000 64 "$scratch/data")
    row "$1" "$ours" "$theirs" scikit-learn
    agree "$found" "$theirs_found"
}

"$build/densities" data 20000 64 "$scratch/data"
claim knn-5-of-1e4-in-64-dimensions distances
claim prdc-1e4-by-1e4-in-64-dimensions support
