# Training on a text whose tokens do not fit in the memory that there is: it is read in pieces, what
# they make lies in temporary files, and the model is the one that memory for all of it gives.
. "$(dirname "$0")/../cli/lib.bash"

if $sanitized; then
    echo "skipped: what a sanitizer keeps beside every byte is not ours"
    exit 77
fi
make_corpus 20000 >piece.txt
for _ in {1..400}; do cat piece.txt; done >large.txt
small=(--layers 1 --width 16 --heads 2 --context 32 --block 32 --vocabulary 300 --steps 2 --threads 1)

accepts train large.txt -q -o whole "${small[@]}"
# Memory that belongs to the process alone, in KB.
ulimit -d 400000
accepts train large.txt -q -o tight "${small[@]}"
check "the model is the same" cmp whole/model.safetensors tight/model.safetensors
check "the tokenizer is the same" cmp whole/tokenizer.json tight/tokenizer.json
finish
