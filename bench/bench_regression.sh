#!/usr/bin/env bash
# 1,000 chains of least squares on 100 items of 10 inputs, 200 generations, replace: the whole program
# against numpy. Usage: bench_regression.sh BUILD
set -euo pipefail
program=$(realpath "$1")/wellspring
normals=$(realpath "$1")/bench/normals
source "$(dirname "$0")/lib.bash"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/regression.yaml" <<'END'
family: regression
source: linear
inputs: 10
items: 100
policies: [replace]
control: false
generations: 200
seeds: 1000
measure_every: 200
END

run() { # run DESIGN
    rm -rf "$scratch/run"
    "$program" run "$scratch/regression.yaml" -o "$scratch/run" --quiet --set design="$1"
}

# limit COUNT: seconds for as many normals by the fastest code there is, which comes last.
limit() {
    "$normals" | awk -F, -v count="$1" -v processors="$(nproc)" \
        '$1 == "normals" { ns = $3 } END { printf "%.6f\n", ns * 1e-9 * count / processors }'
}

ours=$(seconds run fixed)
row regression-fixed-1000x200x100x10 "$ours" "$(peer regression_loop)" "numpy plain loop"
row regression-fixed-1000x200x100x10 "$ours" "$(peer regression_vectorised fixed)" \
    "numpy vectorised"
row regression-fixed-1000x200x100x10 "$ours" "$(peer regression_vectorised once)" \
    "numpy vectorised; inverse made once"
row regression-fixed-1000x200x100x10 "$ours" "$(limit 2e7)" "normals alone"
ours=$(seconds run fresh)
row regression-fresh-1000x200x100x10 "$ours" "$(peer regression_vectorised fresh)" \
    "numpy vectorised"
row regression-fresh-1000x200x100x10 "$ours" "$(limit 2.2e8)" "normals alone"
