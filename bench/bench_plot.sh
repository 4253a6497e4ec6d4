#!/usr/bin/env bash
# Small multiples of 100 runs of 5 arms and 50 generations on one page, as PDF and as PNG of 150 dots an
# inch, the whole program, against matplotlib, which is given summaries that were exported before. The
# runs are copies of one. Usage: bench_plot.sh BUILD
set -euo pipefail
program=$(realpath "$1")/wellspring
bench=$(realpath "$(dirname "$0")")
source "$bench/lib.bash"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

"$program" run discrete -q -o one --set seeds=10
"$program" export one --summary -o one.csv
for i in $(seq -w 100); do
    cp -r one "run-$i"
    cp one.csv "run-$i.csv"
done

ours() {
    "$program" plot run-??? --kind multiples --metric support_kept --dpi 150 -o "ours.$1"
}
matplotlib() {
    /usr/bin/python3 "$bench/plot.py" "$1" run-???.csv
}
for format in pdf png; do
    here=$(seconds ours "$format")
    if /usr/bin/python3 -c 'import matplotlib' 2>/dev/null; then
        row "100 runs as $format" "$here" "$(seconds matplotlib "peer.$format")" matplotlib
    else
        row "100 runs as $format" "$here" nan "matplotlib, not installed"
    fi
done
