#!/usr/bin/env bash
# Sampling 64 new tokens of each of 128 prompts of 64 on every processor, in tokens a second of decode
# time: ours and PyTorch's. The best of three rounds counts on both sides. Usage: bench_sample.sh BUILD
set -euo pipefail
export columns="work,our tokens/s,peer,peer tokens/s,ours over peer"
program=$(realpath "$1")/bench/sampling
source "$(dirname "$0")/lib.bash"

threads=$(nproc)
has_torch=false
if find_torch sample.py gpt2 2 256 4 4096 128 16 8 "$threads"; then has_torch=true; fi

work() { # work NAME ARCHITECTURE LAYERS WIDTH HEADS VOCABULARY
    local name=$1 ours peer=
    shift
    ours=$("$program" "$@" 128 64 64 1 "$threads" | cut -d ' ' -f 1)
    if $has_torch; then peer=$(torch sample.py "$@" 128 64 64 "$threads"); fi
    awk -v name="$name" -v ours="$ours" -v peer="$peer" -v core="${torch_core:-}" 'BEGIN {
        printf "%s,%s,%s,%s,%s\n", name, ours, peer ? "PyTorch " core : "", peer,
               peer ? sprintf("%.2f", ours / peer) : ""
    }'
}

work opt-125m-128x64+64 opt 12 768 12 50272
work 6x256-128x64+64 gpt2 6 256 4 4096
