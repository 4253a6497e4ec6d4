#!/usr/bin/env bash
# 1,000 one-dimensional Gaussian chains, 2,000 generations of 100 samples, replace: the whole program
# against numpy. Usage: bench_gaussian.sh BUILD
set -euo pipefail
program=$(realpath "$1")/wellspring
source "$(dirname "$0")/lib.bash"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/gaussian.yaml" <<'EOF'
family: gaussian
source: normal
items: 100
policies: [replace]
control: false
generations: 2000
seeds: 1000
measure_every: 2000
EOF

run() {
    rm -rf "$scratch/run"
    "$program" run "$scratch/gaussian.yaml" -o "$scratch/run" --quiet
}

ours=$(seconds run)
row gaussian-1000x2000x100 "$ours" "$(peer gaussian_vectorised)" "numpy vectorised"
row gaussian-1000x2000x100 "$ours" "$(peer gaussian_loop)" "numpy plain loop"
