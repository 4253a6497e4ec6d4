#!/usr/bin/env bash
# Fit a trigram on 250,000 words of the default corpus and draw 250 blocks of 1,000 words, against
# numpy with sorted arrays. Usage: bench_trigram.sh BUILD
set -euo pipefail
program=$(realpath "$1")/bench/families
source "$(dirname "$0")/lib.bash"

corpus=$(realpath "$bench/../build/corpus/austen.txt")
read -r seconds _ < <("$program" trigram "$corpus")
row trigram-250k-words "$seconds" "$(peer trigram "$corpus")" "numpy"
