#!/usr/bin/env bash
# Encode the default corpus with GPT-2's vocabulary (encoder.json and vocab.bpe in the directory
# WS_GPT2_TOKENIZER, else a tokenizer of 30,000 tokens trained on the corpus), and train 30,000
# tokens on it; one core. Against the goal of 20 MB/s and, where node finds the npm package
# `tokenizers` (NODE_PATH), against that. Usage: bench_tokenizer.sh BUILD
set -euo pipefail
program=$(realpath "$1")/bench/tokenizer_speed
wellspring=$(realpath "$1")/wellspring
source "$(dirname "$0")/lib.bash"

corpus=$(realpath "$bench/../build/corpus/austen.txt")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

gpt2=${WS_GPT2_TOKENIZER:-$bench/../../shared/data/gpt2-tokenizer}
if [ -e "$gpt2/encoder.json" ]; then
    claim=encode-gpt2
    cp "$gpt2/encoder.json" "$place/vocab.json"
    cp "$gpt2/vocab.bpe" "$place/merges.txt"
else
    claim=encode-30000
    "$wellspring" tokenize --tokenizer "$place" --train 30000 "$corpus" >"$place/said"
fi

bytes=$(wc -c <"$corpus")
ours=$("$program" encode "$place" "$corpus")
row "$claim-$(awk -v b="$bytes" 'BEGIN { printf "%.2f", b / 1e6 }')-MB" "$ours" \
    "$(awk -v b="$bytes" 'BEGIN { print b / 20e6 }')" "goal of 20 MB/s"

if node -e 'require("tokenizers")' 2>"$place/said"; then
    # What it says of its progress goes to standard output, its time to standard error.
    peer_seconds() {
        node "$bench/bench_tokenizer.js" "$@" 2>&1 >"$place/said" | tail -n 1
    }
    node -e 'const { BPE, Tokenizer, byteLevelPreTokenizer } = require("tokenizers");
        BPE.fromFile(process.argv[1] + "/vocab.json", process.argv[1] + "/merges.txt").then((m) => {
            const t = new Tokenizer(m);
            t.setPreTokenizer(byteLevelPreTokenizer(false, true));
            t.save(process.argv[1] + "/peer.json");
        });' "$place"
    row "$claim" "$ours" "$(peer_seconds encode "$place/peer.json" "$corpus")" "tokenizers 0.23"
    row train-30000 "$("$program" train 30000 "$corpus")" "$(peer_seconds train "$corpus")" \
        "tokenizers 0.23"
fi
