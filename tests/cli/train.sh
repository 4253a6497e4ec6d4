# Training on files: what comes out, what is refused, stopping and going on.
. "$(dirname "$0")/lib.bash"

make_corpus 4000 >corpus.txt
make_corpus 400 >other.txt
small=(--layers 1 --width 16 --heads 2 --context 32 --block 32 --vocabulary 300 --learning-rate 0.01
    --epochs 2)

# A fresh model, its files, and what is printed
accepts train corpus.txt -q -o fresh "${small[@]}" --validation other.txt
[ ! -s out ] || fail "--quiet printed results"
for file in config.json model.safetensors tokenizer.json training.json training.jsonl; do
    [ -s fresh/$file ] || fail "no $file"
done
[ ! -e fresh/trainer.state ] || fail "the state of a complete training is left"
runs train corpus.txt -o loud "${small[@]}" --validation other.txt --threads 3
grep -q '^loud: [0-9]* parameters, [0-9]* examples' err || fail "no announcement"
grep -q '^validation after step [0-9]*: loss' err || fail "no validation"
grep -q '100 % done' err || fail "no progress"
grep -q '^validation  *[0-9]* *[0-9.]* *[0-9.]*$' out || fail "no table"
grep -q 'evaluate loud --text' out || fail "no next step"
grep -q 'generate loud$' out || fail "no next step"
accepts generate loud -q --seed 3
check "the table is at most 100 columns wide" awk 'length > 100 {exit 1}' out
check "any number of threads" diff -r fresh loud
if command -v jq >/dev/null; then
    check "the curve parses" jq -es 'map(select(.validation_loss)) | length == 2' fresh/training.jsonl
    check "it learned" jq -es '(map(.loss // empty) | first > last + 0.5)' fresh/training.jsonl
    accepts train corpus.txt -q --json -o fresh "${small[@]}" --validation other.txt
    check "--json has the numbers" jq -e '.validation.loss > 0 and .tokens > 1000' out
else
    echo "skipped: JSON through jq (no jq here)"
fi

# Complete: the same command has nothing to do, another is refused
cp -r fresh before
accepts train corpus.txt -q -o fresh "${small[@]}" --validation other.txt
check "what is complete stays" diff -r before fresh
refuses 2 "'fresh' cannot go on" "'learning_rate=0.01', not 'learning_rate=0.02'" -- \
    train corpus.txt -q -o fresh "${small[@]}" --validation other.txt --learning-rate 0.02
refuses 2 "'fresh' cannot go on" "another seed" -- \
    train corpus.txt -q -o fresh "${small[@]}" --validation other.txt --seed 2
refuses 2 "'fresh' cannot go on" "other text" -- \
    train other.txt -q -o fresh "${small[@]}" --validation other.txt

# Saved in 16 bits: the same training, rounded
refuses 2 "'fresh' is complete" "saved as F32, not BF16" "-o" -- \
    train corpus.txt -q -o fresh "${small[@]}" --validation other.txt --save-type bf16
refuses 2 "'save_type' is 'f8'" "f32, f16" -- train corpus.txt -q -o a "${small[@]}" --save-type f8
# types DIRECTORY: those that the header of its model.safetensors says
types() {
    local size
    size=$(od -An -tu8 -N8 "$1/model.safetensors")
    head -c $((8 + size)) "$1/model.safetensors" | tail -c +9 | grep -o '"dtype":"[A-Z0-9]*"' |
        sort -u | tr -d '\n'
}
[ "$(types fresh)" = '"dtype":"F32"' ] || fail "the model's numbers are $(types fresh)"
accepts evaluate fresh --text other.txt -q
loss=$(awk '$1 == "loss" {print $2}' out)
for type in f16:float16 bf16:bfloat16; do
    name=${type%:*}
    accepts train corpus.txt -q -o $name "${small[@]}" --validation other.txt --save-type $name
    [ "$(types $name)" = "\"dtype\":\"${name^^}\"" ] || fail "$name is $(types $name)"
    check "config.json of $name" grep -Eq "\"(torch_)?dtype\": \"${type#*:}\"" $name/config.json
    check "training.json of $name" grep -q "\"dtype\": \"${name^^}\"" $name/training.json
    check "the curve of $name" cmp fresh/training.jsonl $name/training.jsonl
    [ ! -e $name/trainer.state ] || fail "the state of a complete training is left"
    accepts generate $name -q --seed 3
    accepts evaluate $name --text other.txt -q
    check "the loss of $name" awk -v loss="$loss" \
        '$1 == "loss" {exit !($2 - loss < 0.02 && loss - $2 < 0.02)}' out
    accepts train other.txt -q -o $name-tuned --model $name --block 16
    [ "$(types $name-tuned)" = '"dtype":"F32"' ] || fail "$name-tuned is $(types $name-tuned)"
done
# A number too large for the type: nothing is lost
cp -r fresh large
size=$(od -An -tu8 -N8 large/model.safetensors)
printf '\0\270\210\107' |
    dd of=large/model.safetensors bs=1 seek=$((8 + size)) conv=notrunc status=none
wide=(other.txt -q -o wide --model large --block 16 --steps 1 --learning-rate 0)
refuses 1 "tensor 'transformer.h.0.attn.c_attn.bias' holds 70000, too large for F16" \
    "'wide/trainer.state' has the training" "another 'save_type'" -- train "${wide[@]}" --save-type f16
[ ! -e wide/model.safetensors ] || fail "a model that does not fit was saved"
accepts train "${wide[@]}" --save-type bf16
[ "$(types wide)" = '"dtype":"BF16"' ] || fail "the model's numbers are $(types wide)"
[ ! -e wide/trainer.state ] || fail "the state of a complete training is left"

# From a given model, on documents
accepts train other.txt -q -o tuned --model fresh --block 16 --batch 4
check "the same form" cmp fresh/config.json tuned/config.json
check "the same tokenizer" cmp fresh/tokenizer.json tuned/tokenizer.json
cmp -s fresh/model.safetensors tuned/model.safetensors && fail "nothing was learned"
cat >documents.jsonl <<'END'
{"text": "abc abd abe"}

{"prompt": "abc", "completion": " abd abe abf", "id": 3}
END
accepts train documents.jsonl -q -o answers --model fresh --block 16 --epochs 3
gzip -c documents.jsonl >zipped.jsonl.gz
accepts train zipped.jsonl.gz -q -o zipped --model fresh --block 16 --epochs 3
check "inflated" cmp answers/model.safetensors zipped/model.safetensors
accepts train documents.jsonl -q -o own "${small[@]}"
for architecture in opt llama neox; do
    accepts train other.txt -q -o $architecture "${small[@]}" --architecture $architecture
    accepts train other.txt -q -o $architecture-tuned --model $architecture --block 32 --keep-best \
        --validation corpus.txt --patience 3
done

# The model says the dropout that it was trained with
accepts train other.txt -q -o dropping "${small[@]}" --architecture llama --dropout 0.25
check "the dropout is kept" grep -q '"attention_dropout": 0.25' dropping/config.json

# Stopping: the state is kept, and the same command ends in the same bytes
long=("${small[@]}" --epochs 40 --threads 2)
accepts train corpus.txt -q -o straight "${long[@]}"
for _ in {1..20}; do # it may be done before anybody sees that it began
    rm -rf stopped err
    "$ws" train corpus.txt -o stopped "${long[@]}" --checkpoint-seconds 1e9 >out 2>err &
    running=$!
    awaits $running grep -q ' % done' err
    kill -INT $running 2>check.out
    wait $running
    status=$?
    [ $status -eq 0 ] || break
done
[ $status -eq 1 ] || fail "a stopped training ended with $status"
grep -q 'stopped after step [0-9]* of [0-9]*; the same command goes on' err || fail "$(cat err)"
[ -s stopped/trainer.state ] || fail "no state was saved"
cp -r stopped retyped
accepts train corpus.txt -q -o retyped "${long[@]}" --save-type bf16
[ "$(types retyped)" = '"dtype":"BF16"' ] || fail "the model's numbers are $(types retyped)"
check "the same training" cmp straight/training.jsonl retyped/training.jsonl
refuses 2 "'clip=1', not 'clip=2'" -- train corpus.txt -q -o stopped "${long[@]}" --clip 2
runs train corpus.txt -o stopped "${long[@]}"
grep -q 'goes on after step' err || fail "it did not go on"
check "stopped or straight on" diff -r straight stopped

# What cannot be
refuses 2 "train: which text?" -- train -o nowhere
refuses 2 "train: where to?" -- train corpus.txt
refuses 1 "'missing.txt'" -- train missing.txt -q -o missing "${small[@]}"
refuses 2 "unknown option '--learning-rat'" "'--learning-rate'" -- train corpus.txt --learning-rat 1
refuses 2 "'schedule' is 'cosin'" "'cosine'" -- train corpus.txt -o a --schedule cosin
refuses 2 "'width' of 16" "3 'heads'" -- train corpus.txt -q -o b "${small[@]}" --heads 3
refuses 2 "'block' is 64" "context 32" -- train corpus.txt -q -o c "${small[@]}" --block 64
refuses 2 "'start' is 'no-token'" -- train corpus.txt -q -o d "${small[@]}" --start no-token
refuses 2 "'layers' is for fresh models" "'fresh'" -- train corpus.txt -q -o e --model fresh --layers 2
refuses 2 "'context' is for fresh models" -- \
    train corpus.txt -q -o e --model fresh --context 128 # its default too
refuses 2 "'vocabulary' is for a tokenizer trained on the text" "'fresh'" -- \
    train corpus.txt -q -o e --model fresh --vocabulary 999
refuses 2 "'vocabulary' is for a tokenizer trained on the text" "'fresh/tokenizer.json'" -- \
    train corpus.txt -q -o e --tokenizer fresh/tokenizer.json "${small[@]}"
accepts train other.txt -q -o same --model fresh --tokenizer fresh/tokenizer.json --block 16 --batch 4
check "its own tokenizer named" cmp tuned/model.safetensors same/model.safetensors
cp -r "$WS_SOURCE_DIR/tests/golden/models/gpt2-tiny" bare
accepts train other.txt -q -o lent --model bare --tokenizer fresh --block 16
refuses 2 "'tokenizer' is 'own'" "the model 'fresh' has another" -- \
    train corpus.txt -q -o e --model fresh --tokenizer own --block 16
refuses 2 "'keep_best' needs examples to validate on" -- \
    train corpus.txt -q -o f "${small[@]}" --keep-best
refuses 2 "'final_rate'" "'schedule' at constant" -- \
    train corpus.txt -q -o f "${small[@]}" --final-rate 0
accepts train corpus.txt -q -o falling "${small[@]}" --final-rate 0.1 --schedule linear --warmup 2
refuses 2 "'warmup' is 1000000 steps" "'steps' or 'epochs'" -- \
    train corpus.txt -q -o f "${small[@]}" --warmup 1e6
refuses 2 "'steps' and 'epochs'" -- train corpus.txt -q -o f "${small[@]}" --steps 3
refuses 2 "'validate_every'" "'validation'" -- \
    train corpus.txt -q -o f "${small[@]}" --validate-every 3
refuses 1 "training this model needs about" "MiB are available" -- \
    train corpus.txt -q -o g --layers 100 --width 16384 --vocabulary 300
echo '{"text": 3}' >wrong.jsonl
refuses 1 "wrong.jsonl, line 1" "'prompt' and 'completion'" -- \
    train wrong.jsonl -q -o h --model fresh --block 16
mkdir foreign
echo precious >foreign/thesis.txt
refuses 2 "'foreign' holds 'thesis.txt'" "-o" -- train corpus.txt -q -o foreign "${small[@]}"
[ "$(ls -A foreign)" = thesis.txt ] || fail "a foreign directory was written to"
cp -r straight damaged
rm damaged/model.safetensors
sed -i 's/"complete"/"running"/' damaged/training.json
echo nonsense >damaged/trainer.state
refuses 1 "damaged/trainer.state" "not a training's state" "remove it, and the same command begins again" -- \
    train corpus.txt -q -o damaged "${long[@]}"
rm damaged/trainer.state
accepts train corpus.txt -q -o damaged "${long[@]}"
check "begun again" diff -r straight damaged

# Of a start that is refused nothing stays
for name in missing a b c d e f g h; do
    [ ! -e $name ] || fail "'$name' is left, with $(ls -A $name)"
done
mkdir empty
refuses 2 "'block' is 64" -- train corpus.txt -q -o empty "${small[@]}" --block 64
[ -d empty ] || fail "a directory that was there is gone"
[ -z "$(ls -A empty)" ] || fail "$(ls -A empty) is left"
# A rate at which nothing stays finite: the state before is kept, and the same command goes on to
# the same end
wild=("${small[@]}" --learning-rate 10 --weight-decay 100 --clip 0 --epochs 60)
refuses 1 "step" "'wild/trainer.state' has the state before it" "another directory" -- \
    train corpus.txt -q -o wild "${wild[@]}"
grep -q -e '-nan' err && fail "what is no number has a sign"
[ -s wild/trainer.state ] || fail "no state was saved"
[ -s wild/training.jsonl ] || fail "no loss curve was saved"
[ ! -e wild/model.safetensors ] || fail "a broken model was saved"
cp err first
runs train corpus.txt -o wild "${wild[@]}"
grep -q "goes on after step $(wc -l <wild/training.jsonl)$" err || fail "it did not go on"
check "the same end" grep -qFf first err
# After a validation that is no number the step has been taken: its state is of no use
runs train corpus.txt -q -o blind "${wild[@]}" --validation other.txt --validate-every 1
grep -q 'the validation loss after step' err || fail "no validation failed: $(cat err)"
says "no state was saved" "another directory"
[ ! -e blind/trainer.state ] || fail "a broken state was saved"

finish
