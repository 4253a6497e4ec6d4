#!/usr/bin/env bash
# Listing 10,000 runs: `wellspring runs` with its index and without, the median of 11 and of 3, against
# the limit of 0.1 s and against reading every run.json with Python. The runs are copies of one with other
# names and times. Usage: bench_runs.sh BUILD
set -euo pipefail
program=$(realpath "$1")/wellspring
source "$(dirname "$0")/lib.bash"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
count=10000

many_runs $count

timed() { # timed COMMAND...: its wall seconds
    local start=$EPOCHREALTIME
    "$@" >out
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.6f\n", b - a }'
}
peer_list() {
    /usr/bin/python3 -c '
import json, os
for name in sorted(os.listdir("runs")):
    if os.path.isfile(f"runs/{name}/run.json"):
        run = json.load(open(f"runs/{name}/run.json"))
        print(f"runs/{name}", run["state"], run["settings"]["family"], run["started"])'
}
all_there() {
    [ "$(grep -c "^runs/run-" out)" -eq $count ]
}

rebuilt=$(for _ in 1 2 3; do rm -f runs/.wellspring-runs && timed "$program" runs && all_there; done |
    sort -n | sed -n 2p)
python=$(for _ in 1 2 3; do timed peer_list && all_there; done | sort -n | sed -n 2p)
indexed=$(for _ in {1..11}; do timed "$program" runs && all_there; done | sort -n | sed -n 6p)
row "10,000 runs with an index" "$indexed" 0.1 limit
row "10,000 runs without one" "$rebuilt" "$python" "python json"
