# What computes: the CPU, GPUs, and what is said where there are none. Beside a copy of the program lies
# a module whose two GPUs are the CPU, so that all but kernels is tried anywhere.
. "$(dirname "$0")/lib.bash"

mkdir with without
cp "$ws" with/wellspring
cp "$ws" without/wellspring
cp "$WS_FAKE_GPUS" with/wellspring-cuda.so
without=$place/without/wellspring
with=$place/with/wellspring
ws=$without

make_corpus 3000 >corpus.txt
small=(--layers 1 --width 16 --heads 2 --context 32 --block 16 --vocabulary 300 --epochs 1)
cat >run.yaml <<'END'
family: transformer
source: text
corpus: corpus.txt
unit: bpe
vocabulary: 300
block: 16
items: 24
test_items: 12
fresh_items: 24
context: 16
layers: 1
width: 16
heads: 2
policies: [replace, accumulate]
generations: 2
seeds: 2
END

# Words
refuses 2 "'device' is 'cdua'" "did you mean 'cuda'?" -- run run.yaml -o x --device cdua
(cat run.yaml; echo 'device: gpu') >gpu.yaml
refuses 2 "gpu.yaml:17: 'device' is 'gpu'" "did you mean 'cuda'?" "wanted auto, cpu, cuda or cuda:N" -- \
    run gpu.yaml -o x
refuses 2 "'precision' is 'tf3'" "did you mean 'tf32'?" -- plan run.yaml --precision tf3
refuses 2 "'precision' is 'bf16' with 'device' at cpu" -- \
    run run.yaml -o x --device cpu --precision bf16
refuses 2 "'device' has no meaning for family 'discrete', which uses no GPU" -- \
    run discrete -o x --device cuda
refuses 2 "'device' is 'cuda:'" -- train corpus.txt -o x --device cuda:
refuses 2 "--plain-code" -- evaluate x --text corpus.txt --plain-code --device cuda
[ ! -e x ] || fail "a refused device left a directory"

# Without GPUs
accepts run run.yaml -q -o cpu --device cpu
accepts run run.yaml -q -o auto
check "auto is the CPU where there is no GPU" same_runs cpu auto
grep -q '"compute_class": "[^"]*zlib-[0-9.]*"' cpu/run.json || fail "the CPU's class names more"
accepts run run.yaml -q -o cpu --precision f32
accepts run discrete -q -o discrete --set generations=2 --device cpu
for words in "run run.yaml -o x" "plan run.yaml" "train corpus.txt -o x ${small[*]}" "generate x" \
    "evaluate x --text corpus.txt"; do
    # shellcheck disable=SC2086 # words
    refuses 1 "'device' is 'cuda': this program was built without CUDA" "wellspring-cuda.so" -- \
        $words --device cuda
done
refuses 1 "'precision' is 'tf32': this program was built without CUDA" -- \
    run run.yaml -o x --precision tf32
[ ! -e x ] || fail "a device that is not there left a directory"
accepts train corpus.txt -q -o model "${small[@]}" --device cpu
accepts generate model -q --device cpu
mv out cpu.txt
accepts generate model -q

# With two of them
ws=$with
check "the CPU is the same beside them" cmp out cpu.txt
accepts run run.yaml -q -o gpus --threads 4
class=$(sed -n 's/.*"compute_class": "\(.*\)".*/\1/p' gpus/run.json)
case $class in *" Fake sm_0 bf16 fake-1") ;; *) fail "the class is '$class'" ;; esac
accepts run run.yaml -q -o one --device cuda:1 --threads 1
check "one GPU gives the bytes of two" same_runs gpus one
accepts run discrete -q -o discrete --set generations=3
check "a family without a device is the same beside GPUs" test "$(grep -c Fake discrete/run.json)" = 0
accepts plan run.yaml
check "a plan says what computes" grep -q '^Computed on 2 x Fake sm_0 bf16;' out
accepts plan run.yaml --device cpu
check "a plan for the CPU says nothing of GPUs" test "$(grep -c Fake out)" = 0
refuses 1 "'device' is 'cuda:2': there is no GPU number 2: this machine has 2" -- \
    run run.yaml -o x --device cuda:2

# A run goes on where it was begun
refuses 2 "'gpus' was begun on" "Fake sm_0 bf16 fake-1'" "this is" "--allow-other-machine" -- \
    run run.yaml -q -o gpus --device cpu --set generations=3
refuses 2 "'gpus' was begun on" "bf16" "Fake sm_0 f32" -- \
    run run.yaml -q -o gpus --precision f32 --set generations=3
refuses 2 "'cpu' was begun on" "Fake sm_0 bf16" -- run run.yaml -q -o cpu --set generations=3
accepts run run.yaml -q -o gpus --set generations=3
accepts run run.yaml -q -o cpu --set generations=3 --allow-other-machine
ws=$without
refuses 2 "'gpus' was begun on" "Fake" -- run run.yaml -q -o gpus --set generations=4

# So does a training, and a file of texts
ws=$with
accepts train corpus.txt -q -o trained "${small[@]}"
refuses 2 "another 'device' or 'precision'" -- \
    train corpus.txt -q -o trained "${small[@]}" --device cpu
accepts generate model -q -o texts.jsonl --count 3
refuses 2 "'texts.jsonl'" -- generate model -q -o texts.jsonl --count 3 --device cpu
accepts evaluate model --text corpus.txt -q
mv out gpu.txt
accepts evaluate model --text corpus.txt -q --device cpu
check "a text has the same score" cmp out gpu.txt
finish
