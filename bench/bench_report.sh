#!/usr/bin/env bash
# A report of 100 runs x 50 generations x 20 metrics, of 5 seeds each: the whole program, the median of 11,
# against the limit of 1 s; and the first paint of the page in Chromium, the median of 5, against 1 s.
# Usage: bench_report.sh BUILD
set -euo pipefail
program=$(realpath "$1")/wellspring
source "$(dirname "$0")/lib.bash"
bench=$(realpath "$bench")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

cat >one.yaml <<'END'
family: discrete
source: zipf
types: 1000
items: 1000
test_items: 500
policies: [replace]
control: false
generations: 50
seeds: 5
END
"$program" run one.yaml -q -o one
metrics=$("$program" export one --summary | cut -d , -f 3 | grep -vE '/|metric' | sort -u | wc -l)
runs=()
for i in {001..100}; do
    cp -r one "run-$i"
    runs+=("run-$i")
done

timed() { # timed COMMAND...: its wall seconds
    local start=$EPOCHREALTIME
    "$@" >out
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.6f\n", b - a }'
}
made=$(for _ in {1..11}; do timed "$program" report "${runs[@]}" -o report.html; done | sort -n | sed -n 6p)
row "report of 100 runs x 50 x $metrics metrics ($(stat -c %s report.html) bytes)" "$made" 1 limit

for tool in node npm chromium; do
    command -v $tool >/dev/null || { echo "no $tool here: the first paint is left out" >&2; exit 0; }
done
cp "$bench"/../tests/browser/{package.json,package-lock.json,page.js} "$bench/first_paint.js" .
npm ci --no-audit --no-fund >npm.out 2>&1 ||
    { echo "npm cannot fetch playwright-core: the first paint is left out" >&2; exit 0; }
"$program" report one -o small.html >out
row "first paint of 1 run" "$(node first_paint.js small.html)" 1 limit
row "first paint of 100 runs" "$(node first_paint.js report.html)" 1 limit
