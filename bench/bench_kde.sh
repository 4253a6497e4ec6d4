#!/usr/bin/env bash
# The log density of 10^4 vectors under 10^4 kernels in the plane, and in 10 dimensions; one core on
# both sides. Usage: bench_kde.sh BUILD
set -euo pipefail
densities=$(realpath "$1")/bench/densities
source "$(dirname "$0")/lib.bash"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# evaluation DIMENSION
evaluation() {
    local ours our_mean theirs their_mean
    "$densities" data 20000 "$1" "$scratch/data"
    read -r ours our_mean < <("$densities" kde 10000 10000 "$1" "$scratch/data")
    read -r theirs their_mean < <(sklearn kde "$scratch/data" 10000 "$1")
    row "kde-1e4-of-1e4-in-$1-dimensions" "$ours" "$theirs" scikit-learn
    # In 10 dimensions all kernels are far, and there scikit-learn is wrong (docs/metrics.md).
    [ "$1" -gt 2 ] || agree "$our_mean" "$their_mean"
}

evaluation 2
evaluation 10
