#!/usr/bin/env bash
# What `wellspring plan` says that an experiment takes, against what it takes: processor seconds of
# the run, memory and disk. Presets, those of transformers reduced. Processor seconds are those of all
# threads, so that a busy machine tells the ratio too; the wall's want an idle one.
# Usage: bench_plan.sh BUILD [CORPUS]
set -euo pipefail
program=$(realpath "$1")/wellspring
corpus=$(realpath "${2:-build/corpus/austen.txt}")
columns="experiment,planned core s,measured core s,ratio,planned MB,measured MB,planned disk MB,measured disk MB,wall s,planned wall s"
source "$(dirname "$0")/lib.bash"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

number() { # KEY <plan.json
    sed -n "s/^  \"$1\": \([0-9.e+-]*\),*$/\1/p"
}

# compare NAME EXPERIMENT ARGUMENTS...
compare() {
    local name=$1
    shift
    "$program" plan "$@" --json >plan.json
    rm -rf run
    /usr/bin/env time -f '%U %S %M %e' -o took "$program" run "$@" -q -o run >/dev/null
    awk -v name="$name" -v took="$(tail -n 1 took)" \
        -v planned="$(grep -oE '"(core|begin)_seconds": [0-9.e+-]*' plan.json | awk '{s += $2} END {print s}')" \
        -v wall="$(number seconds <plan.json)" -v memory="$(number memory_bytes <plan.json)" \
        -v disk="$(number disk_bytes <plan.json)" -v used="$(du -sb run | cut -f1)" 'BEGIN {
        split(took, t)
        spent = t[1] + t[2]
        printf "%s,%.2f,%.2f,%.2f,%.1f,%.1f,%.2f,%.2f,%.1f,%.1f\n", name, planned, spent,
            planned / spent, memory / 1e6, t[3] / 1024, disk / 1e6, used / 1e6, t[4], wall }'
}

compare gaussian gaussian
compare discrete discrete
compare "gaussian-tiny" gaussian --set generations=5 --set seeds=2
compare "discrete-tiny" discrete --set generations=5 --set seeds=2
compare quickstart quickstart --set corpus="$corpus"
compare quickstart-lm quickstart-lm --set corpus="$corpus" --set generations=2 --set items=500
compare scratch-lm scratch-lm --set corpus="$corpus" --set generations=1 --set items=768 \
    --set epochs=1 --set policies=replace --set control=false --set test_items=64 \
    --set metric_items=128 --set vary=temperature=1
"$program" run quickstart-lm -q -o base --set corpus="$corpus" --set generations=1 \
    --set policies=replace --set control=false --set keep_models=true >/dev/null
compare nature-lm nature-lm --set corpus="$corpus" --set base="$(echo base/models/*/seed-1/*-0)" \
    --set block=32 --set generations=2 --set seeds=1 --set items=300 --set test_items=50 \
    --set validation_items=100 --set metric_items=100 --set vary='epochs=2|4'
