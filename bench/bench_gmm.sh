#!/usr/bin/env bash
# Mixtures of Gaussians with full covariances: one iteration of expectation and maximisation on 10^5
# vectors, and the notebook's cell of Shumailov et al. 2024 (2 components, 1,000 items, 2,051
# generations): the whole program, one chain. All processors on both sides. Usage: bench_gmm.sh BUILD
set -euo pipefail
program=$(realpath "$1")/wellspring
densities=$(realpath "$1")/bench/densities
source "$(dirname "$0")/lib.bash"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/nature.yaml" <<'EOF'
family: gmm
components: 2
tolerance: 1e-5
iterations: 2000
source: normal
dimension: 2
items: 1000
policies: [replace]
control: false
generations: 2051
seeds: 1
measure_every: 50
EOF

nature() {
    rm -rf "$scratch/run"
    "$program" run "$scratch/nature.yaml" -o "$scratch/run" --quiet
}

# iteration DIMENSION COMPONENTS
iteration() {
    local ours our_mean theirs their_mean
    "$densities" data 100000 "$1" "$scratch/data"
    read -r ours our_mean < <("$densities" gmm 100000 "$1" "$2" "$scratch/data")
    read -r theirs their_mean < <(sklearn gmm "$scratch/data" "$1" "$2")
    agree "$our_mean" "$their_mean"
    row "gmm-iteration-1e5x$1-$2-components" "$ours" "$theirs" scikit-learn
}

iteration 10 10
iteration 2 10
iteration 50 10
row gmm-nature-1000x2051 "$(seconds nature)" "$(sklearn nature | cut -d' ' -f1)" scikit-learn
row gmm-nature-1000x2051 "$(seconds nature)" 1 "the goal of 1 s"
