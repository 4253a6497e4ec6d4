#!/usr/bin/env bash
# Draw as many blocks of 1,000 words as the default corpus has from models of all of it, on one core:
# maximum likelihood against numpy with sorted arrays, Kneser-Ney against what was set as a goal.
# Usage: bench_ngram.sh BUILD
set -euo pipefail
program=$(realpath "$1")/bench/families
columns='work,our tokens/s,peer,peer tokens/s,ours over peer'
source "$(dirname "$0")/lib.bash"
corpus=$(realpath "$bench/../build/corpus/austen.txt")

# line WORK OUR_SECONDS TOKENS PEER_NAME PEER_TOKENS_A_SECOND
line() {
    awk -v work="$1" -v seconds="$2" -v tokens="$3" -v name="$4" -v peer="$5" \
        'BEGIN { ours = tokens / seconds
                 printf "%s,%.0f,%s,%.0f,%.2f\n", work, ours, name, peer, ours / peer }'
}

for order in 2 3; do
    read -r seconds tokens < <("$program" ngram $order mle "$corpus")
    numpy=$(peer ngram $order "$corpus")
    line $order-gram-mle "$seconds" "$tokens" numpy \
        "$(awk -v t="$tokens" -v s="$numpy" 'BEGIN { print t / s }')"
done
for order in 2 3; do
    read -r seconds tokens < <("$program" ngram $order kneser-ney "$corpus")
    line $order-gram-kneser-ney "$seconds" "$tokens" "goal of 5 million tokens/s" 5000000
done
