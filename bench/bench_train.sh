#!/usr/bin/env bash
# Training steps of GPT-2 shapes on every processor, in tokens a second: ours, PyTorch's, and llm.c's
# where LLMC is the path of its built train_gpt2. The best of three rounds counts on both sides.
# Usage: bench_train.sh BUILD
set -euo pipefail
export columns="work,our tokens/s,our MiB,peer,peer tokens/s,peer MiB,ours over peer"
program=$(realpath "$1")/bench/training
source "$(dirname "$0")/lib.bash"

threads=$(nproc)
has_torch=false
if find_torch train.py 2 384 6 4096 16 128 2 "$threads"; then has_torch=true; fi

# Its shape is compiled in: 12 layers, 4 x 64. Prints "step 3: train loss 5.3 (took 1234.5 ms)".
llmc() {
    { cd "$(dirname "$LLMC")" && OMP_NUM_THREADS=$threads timeout 120 "$LLMC"; } |
        awk '/^step .*took/ {
                 sub(/.*took /, "")
                 if (steps++ > 0 && (!best || $1 < best)) best = $1
             }
             END { if (best) printf "%.1f -\n", 256000 / best }' || true
}

row() { # row WORK OURS PEER_NAME PEER
    awk -v work="$1" -v ours="$2" -v name="$3" -v peer="$4" 'BEGIN {
        split(ours, a)
        split(peer, b)
        ratio = name == "" ? "" : sprintf("%.2f", a[1] / b[1])
        printf "%s,%s,%s,%s,%s,%s,%s\n", work, a[1], a[2], name, b[1], b[2], ratio
    }'
}

work() { # work NAME LAYERS WIDTH HEADS VOCABULARY BATCH LENGTH STEPS
    local name=$1 ours peer=
    shift
    ours=$("$program" gpt2 "$@" "$threads")
    if $has_torch; then peer=$(torch train.py "$@" "$threads"); fi
    row "$name" "$ours" "${peer:+PyTorch $torch_core}" "$peer"
    if [ "$name" = 124M-4x64 ] && [ -n "${LLMC:-}" ]; then
        peer=$(llmc)
        row "$name" "$ours" "${peer:+llm.c}" "$peer"
    fi
}

work 124M-4x64 12 768 12 50257 4 64 5
work 6x256-16x128 6 256 4 4096 16 128 8
work 6x384-16x128 6 384 6 4096 16 128 5
work 4x256-16x128 4 256 4 4096 16 128 10
