# Evaluating: against reference numbers, and over a text.
. "$(dirname "$0")/lib.bash"

golden=$WS_SOURCE_DIR/tests/golden/models

# number NAME: what stands behind the name in ./out, a table or JSON
number() {
    awk -v name="$1" '{ gsub(/[",:]/, " ") } $1 == name {print $2; exit}' out
}
# within A B TOLERANCE
within() {
    awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN {exit !(a != "" && a - b <= t && b - a <= t)}'
}

# References.
for model in opt gpt2 llama neox; do
    accepts evaluate "$golden/$model-tiny" --reference "$golden/$model-tiny/reference.safetensors"
    for what in logits loss gradient adamw_losses greedy beam5; do
        check "$what of $model" grep -Eq " ok +$what\$" out
    done
    check "nothing of $model is passed over" awk '/not compared/ {exit 1}' out
    check "all of $model" grep -Eq '^[0-9]+ compared, 0 out of tolerance, 0 absent' out
done
accepts evaluate "$golden/gpt2-tiny" -r "$golden/gpt2-tiny/reference.safetensors" --plain-code
check "the plain code" grep -Eq ' ok +logits$' out

# The reference of another model: all is compared, and out; without grads.safetensors.
cp "$golden/gpt2-tiny/reference.safetensors" other.safetensors
runs evaluate "$golden/opt-tiny" --reference other.safetensors
status=$?
[ $status -eq 3 ] || fail "a wrong reference ended with $status"
[ ! -s err ] || fail "a wrong reference said something on stderr"
check "logits are out" grep -Eq ' OUT +logits$' out
check "beam5 is out" grep -Eq '^ +3 +0  OUT +beam5$' out
check "gradients are absent" grep -Eq ' absent  gradient$' out
runs evaluate "$golden/opt-tiny" --reference other.safetensors --json
status=$?
[ $status -eq 3 ] || fail "a wrong reference as JSON ended with $status"
check "JSON of what is out" grep -q '"status": "out"' out
check "JSON of what is absent" grep -q '"status": "absent"' out

# A reference of wrong names: what is left is compared and the others are named, or there is nothing.
cp other.safetensors misnamed.safetensors
sed -i 's/"logits"/"lojits"/' misnamed.safetensors
accepts evaluate "$golden/gpt2-tiny" --reference misnamed.safetensors
check "what is misnamed is told" grep -Eq '^ +not compared: lojits$' out
check "and is absent" grep -Eq ' absent  logits$' out
accepts evaluate "$golden/gpt2-tiny" --reference misnamed.safetensors --json
check "JSON of what is misnamed" grep -q '"lojits"' out
sed -i 's/"loss"/"lozz"/; s/"adamw_losses"/"adamw_lossez"/; s/"greedy"/"Greedy"/; s/"beam5"/"beam6"/' \
    misnamed.safetensors
refuses 1 "misnamed.safetensors: holds nothing to compare" "'adamw_losses'" "no grads.safetensors" \
    "it holds 'Greedy', 'adamw_lossez', 'beam6', 'input_ids', 'lojits' and 1 more" -- \
    evaluate "$golden/gpt2-tiny" --reference misnamed.safetensors
cp "$golden/gpt2-tiny/grads.safetensors" .
accepts evaluate "$golden/gpt2-tiny" --reference misnamed.safetensors
check "the gradient is compared" grep -Eq ' ok +gradient$' out
check "all are named" awk '/not compared: / {count++} END {exit count != 5}' out
rm grads.safetensors

# not_a_number DIRECTORY: into the first weight that its model.safetensors holds
not_a_number() {
    local header
    header=$(od -An -tu8 -N8 "$1/model.safetensors")
    printf '\0\0\300\177' |
        dd of="$1/model.safetensors" bs=1 seek=$((8 + header)) conv=notrunc status=none
}

# A model without numbers: every row is there.
cp -r "$golden/gpt2-tiny" broken && chmod -R u+w broken
not_a_number broken
runs evaluate broken --reference broken/reference.safetensors
status=$?
[ $status -eq 3 ] || fail "a model without numbers ended with $status"
[ ! -s err ] || fail "a model without numbers said something on stderr"
for what in logits loss gradient adamw_losses greedy beam5; do
    check "$what is no number" grep -Eq "^ +nan +[0-9e-]+  OUT +$what\$" out
done
check "no sign" awk '/-nan/ {exit 1}' out
runs evaluate broken --reference broken/reference.safetensors --json
status=$?
[ $status -eq 3 ] || fail "a model without numbers as JSON ended with $status"
check "no number as JSON" grep -q '"difference": "nan"' out

# A text, with a tokenizer of as many tokens as the model has.
make_corpus 3000 >text
cp -r "$golden/gpt2-tiny" model && chmod -R u+w model
refuses 1 "tokenizer.json" -- evaluate model --text text
accepts tokenize --tokenizer model --train 512 text
accepts evaluate model --text text --block 16 -q
loss=$(number loss)
check "tokens and blocks" awk 'NR == 1 {exit !($1 == 16 * $4 && $4 > 100 && /each after token 0$/)}' out
check "the loss of a random model" within "$loss" 6.4 0.5
check "perplexity" within "$(awk -v loss="$loss" 'BEGIN {print exp(loss)}')" "$(number perplexity)" 0.2
accepts evaluate model --text text --block 16 --json -q
check "the same as JSON" within "$(number loss)" "$loss" 0.0001
cp out one
accepts evaluate model --text text --block 16 --json -q --threads 1
check "any number of threads" cmp out one
gzip -k text
accepts evaluate model --text text.gz --block 16 --json -q
check "a compressed text" within "$(number loss)" "$loss" 0.0001
accepts evaluate model --text text --block 16 --start none -q
check "without a start" awk 'NR == 1 {exit !($1 == 15 * $4 && /their first token given$/)}' out
accepts evaluate model --text text --start none -q
check "the context" grep -q 'blocks of at most 128' out
printf '{"text": "one two"}\n{"text": "three"}\n' >lines.jsonl
accepts evaluate model --text lines.jsonl -q
check "two documents" grep -q 'tokens in 2 blocks' out
accepts evaluate model --text text --reference "$golden/gpt2-tiny/reference.safetensors" -q --json
check "both at once" grep -q '"fast_detectgpt"' out
check "both at once" grep -q '"comparisons"' out

# A model without numbers scores a text: the table and an error.
cp model/tokenizer.json broken
for form in "" --json; do
    runs evaluate broken --text text --block 16 -q $form
    status=$?
    [ $status -eq 1 ] || fail "a loss that is no number ended with $status"
    says "broken" "gives no number for 'text'" "loss is nan"
    [ "$(number loss)" = nan ] || fail "the loss is '$(number loss)', wanted nan"
    check "no sign" awk '/-nan/ {exit 1}' out
done

# Mistakes.
refuses 2 "which model?" -- evaluate
refuses 2 "--reference" "--text" -- evaluate model
refuses 2 "'block' is 129" "context 128" -- evaluate model --text text --block 129
refuses 2 "'threads' is 'none'" -- evaluate model --text text --threads none
refuses 2 "'start' is 'begin'" -- evaluate model --text text --start begin
refuses 1 "nowhere/config.json" -- evaluate nowhere --text text
refuses 1 "'missing'" -- evaluate model --reference missing
refuses 1 "text" -- evaluate model --reference text
: >empty
refuses 1 "empty" -- evaluate model --text empty
sed -i 's/"n_layer"/"n_layers"/' model/config.json
refuses 1 "'n_layers' is 2" -- evaluate model --text text
sed -i 's/"n_layers": 2/"n_layer": 3/' model/config.json
refuses 1 "'transformer.h.2." "is missing" -- evaluate model --text text

finish
