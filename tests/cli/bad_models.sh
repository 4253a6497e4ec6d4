# Directories of models with one thing wrong. Every command refuses each with exit status 1, for the
# files are at fault and not the command line, and says which file it was.
. "$(dirname "$0")/lib.bash"

golden=$WS_SOURCE_DIR/tests/golden/models
make_corpus 2000 >text.txt
cp -r "$golden/gpt2-tiny" whole && chmod -R u+w whole
runs tokenize --tokenizer whole --train 400 text.txt || fail "no tokenizer"
cat >tuned.yaml <<'END'
family: transformer
base: model
source: text
corpus: text.txt
unit: bpe
tokenizer: base
block: 20
items: 20
test_items: 5
generations: 1
seeds: 1
END

# model_commands WORDS...: those that are not of experiments
model_commands() {
    refuses 1 "$@" -- evaluate model --text text.txt --block 16
    refuses 1 "$@" -- generate model --prompt "ab cd" --new-tokens 4
    refuses 1 "$@" -- train text.txt -q -o out-of-it --model model --block 16
    [ ! -e out-of-it ] || { fail "train left something"; rm -r out-of-it; }
}

# every_command WORDS...: what each says of the directory `model`
every_command() {
    model_commands "$@"
    refuses 1 "$@" -- plan tuned.yaml
    refuses 1 "$@" -- run tuned.yaml -q -o run-of-it
    rm -rf run-of-it
}

# The commands take the model as it was.
cp -r whole model
accepts evaluate model --text text.txt --block 16 -q
accepts plan tuned.yaml

# configured EXPRESSION WORDS...: after this edit of config.json
configured() {
    sed "$1" whole/config.json >model/config.json
    cmp -s whole/config.json model/config.json && fail "$1 changed nothing"
    every_command "model/config.json" "${@:2}"
}

configured 's/{/[/' "config.json:2: ']' expected"
configured 's/.*/7/; 2,$d'
configured '/"model_type"/d' "'model_type'"
configured 's/"gpt2"/"bert"/' "'model_type' is 'bert'"
configured 's/"n_embd": 64/"n_embd": 0/' "0"
configured 's/"n_embd": 64/"n_embd": "64"/' "'n_embd'"
configured 's/"n_embd": 64/"n_embd": 62/' "62 channels" "4 heads"
configured 's/"n_head": 4/"n_head": 0/' "0 heads"
configured 's/"n_layer": 2/"n_layer": 0/' "'layers' is 0"
configured 's/"n_layer": 2/"n_layer": 4000000000/' "parameters"
configured 's/"embd_pdrop": 0/"embd_pdrop": 1.5/' "'embedding_dropout' is 1.5"
configured 's/"bos_token_id": 0/"bos_token_id": 512/' "'bos_token_id' is 512"
configured 's/"layer_norm_epsilon": 1e-05/"layer_norm_epsilon": -1/' "'norm_epsilon' is -1"
configured 's/"gelu_new"/"swish-ish"/' "'activation_function'"
configured 's/"use_cache"/"use_cash"/' "'use_cash'"
cp whole/config.json model

# Weights: none, cut, of another type, of another shape, one too few, another model's
rm model/model.safetensors
every_command "model"
head -c 5000 whole/model.safetensors >model/model.safetensors
every_command "model/model.safetensors"
: >model/model.safetensors
every_command "model/model.safetensors"
sed 's/"F32"/"I32"/' whole/model.safetensors >model/model.safetensors
every_command "model: " "is I32, wanted"
sed 's/"F32"/"F99"/' whole/model.safetensors >model/model.safetensors
every_command "model/model.safetensors" "F99"
sed 's/wpe.weight/wpf.weight/' whole/model.safetensors >model/model.safetensors
every_command "model: " "wpe.weight' is missing"
cp "$golden/opt-tiny/model.safetensors" model
every_command "model: " "'transformer.wte.weight' is missing"
cp whole/model.safetensors model

# The data in other tokens than the model's: no number comes of it
grep -v tokenizer: tuned.yaml >other.yaml
of_others="the base model 'model' has a tokenizer, and the data are cut into other tokens"
refuses 2 other.yaml:2 "$of_others" "wanted unit=bpe and tokenizer=base" -- \
    run other.yaml -q -o x --set unit=bytes
refuses 2 "$of_others" -- run other.yaml -q -o x --set unit=words
refuses 2 "$of_others" -- run other.yaml -q -o x --set vocabulary=300 # trained on the corpus
accepts plan other.yaml --set tokenizer=model # named instead of 'base'
[ ! -e x ] || fail "a refused experiment left a run directory"

# The tokenizer: none, cut, of more tokens than the model has
rm model/{tokenizer.json,vocab.json,merges.txt}
every_command "model"
head -c 900 whole/tokenizer.json >model/tokenizer.json
every_command "model/tokenizer.json"
rm model/tokenizer.json
runs tokenize --tokenizer model --train 600 text.txt || fail "no tokenizer"
model_commands "600 tokens" "512"

finish
