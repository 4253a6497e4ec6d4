#!/usr/bin/env bash
# 1,000 one-dimensional Gaussian chains, 2,000 generations of 100 samples, replace: the whole program
# against numpy, and against its own limits: the time in which all processors make as many random
# words of 64 bits, or normals, or samples with the fits on them, and do nothing else.
# Usage: bench_gaussian.sh BUILD
set -euo pipefail
program=$(realpath "$1")/wellspring
normals=$(realpath "$1")/bench/normals
families=$(realpath "$1")/bench/families
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

# limit WHAT: seconds for 2 x 10^8 of them by the fastest code there is, which comes last.
limit() {
    "$normals" | awk -F, -v what="$1" -v processors="$(nproc)" \
        '$1 == what { ns = $3 } END { printf "%.6f\n", ns * 0.2 / processors }'
}

# Seconds of processor time for the samples and fits of 1,000 chains, which take as long as a run:
# of short times the least is less. All processors are at it at once, as in a run.
arithmetic() {
    local i
    for ((i = 0; i < $(nproc); i++)); do
        "$families" gaussian &
    done | awk '{ sum += $1 * 2e8 / $2 } END { printf "%.6f\n", sum / NR }'
}

# processor_seconds COMMAND...
processor_seconds() {
    local TIMEFORMAT='%3U %3S'
    { time "$@" >/dev/null 2>&1; } 2>&1 | awk '{ print $1 + $2 }'
}

# The least of these numbers: others on the machine can only add to it.
least() {
    sort -n | sed -n 1p
}

# In turns, for a processor does not keep its speed. Medians would be of whatever speed came oftener.
for _ in {1..15}; do
    arithmetic >>"$scratch/alone"
    processor_seconds run >>"$scratch/all"
    processor_seconds "$program" --version >>"$scratch/start"
done
alone=$(least <"$scratch/alone")
# The loop, the metrics and the files: all but start-up, which bench_start.sh measures.
work=$(awk -v all="$(least <"$scratch/all")" -v start="$(least <"$scratch/start")" \
    'BEGIN { printf "%.6f\n", all - start }')

ours=$(seconds run)
row gaussian-1000x2000x100 "$ours" "$(peer gaussian_vectorised)" "numpy vectorised"
row gaussian-1000x2000x100 "$ours" "$(peer gaussian_loop)" "numpy plain loop"
row gaussian-1000x2000x100 "$ours" "$(awk -v s="$alone" -v n="$(nproc)" 'BEGIN { print s / n }')" \
    "samples and fits alone"
row gaussian-1000x2000x100-cpu "$work" "$alone" "samples and fits alone"
row gaussian-1000x2000x100 "$ours" "$(limit normals)" "normals alone"
row gaussian-1000x2000x100 "$ours" "$(limit words)" "random words alone"
