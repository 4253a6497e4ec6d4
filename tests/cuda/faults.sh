# A GPU at fault, in whole runs: on the GPU that is played on the CPU, in the place of the module.
. "$(dirname "$0")/../cli/lib.bash"

if [ -z "${WS_EMULATED_GPU:-}" ]; then
    echo "skipped: no GPU is played on the CPU here (no C++ compiler, or a build with sanitizers)"
    exit 77
fi
mkdir with
cp "$ws" with/wellspring
ln -s "$WS_EMULATED_GPU" with/wellspring-cuda.so
ws=$place/with/wellspring

make_corpus 800 >corpus.txt
cat >run.yaml <<'END'
family: transformer
source: text
corpus: corpus.txt
unit: bytes
block: 8
items: 8
test_items: 4
context: 8
layers: 1
width: 16
heads: 2
batch: 4
epochs: 2
policies: replace
generations: 2
seeds: 1
threads: 1
checkpoint_seconds: 0
device: cuda
END

# What the module cannot work with
export GPU_ON_CPU_FAULT
GPU_ON_CPU_FAULT=driver
refuses 1 "'device' is 'cuda'" "driver" "CUDA 11.8" "CUDA 13.0" -- run run.yaml -q -o x
GPU_ON_CPU_FAULT=code
refuses 1 "'device' is 'cuda'" "no code for GPU number 0, 'GPU on the CPU' of architecture sm_90" -- \
    run run.yaml -q -o x
[ ! -e x ] || fail "a GPU that cannot be used left a directory"
for fault in driver code; do
    GPU_ON_CPU_FAULT=$fault
    accepts run run.yaml -q -o "auto-$fault" --device auto
    check "auto takes the CPU: $fault" test "$(grep -c sm_90 "auto-$fault/run.json")" = 0
done
unset GPU_ON_CPU_FAULT

# Lost at any moment: an error, and the same command goes on to the same bytes.
accepts run run.yaml -q -o whole
export GPU_ON_CPU_FAULT
for launches in 0 7 150 500; do
    GPU_ON_CPU_FAULT=lost:$launches
    refuses 1 "GPU" "unspecified launch failure" -- run run.yaml -q -o lost
done
unset GPU_ON_CPU_FAULT
check "the state is 'failed'" grep -q '"state": "failed"' lost/run.json
check "events.log has it" grep -q 'failed: arm replace seed 1: GPU 0 failed at' lost/events.log
accepts run run.yaml -q -o lost
check "a lost GPU changes nothing" same_runs whole lost

# Out of memory
export GPU_ON_CPU_FAULT=memory:1
refuses 1 "GPU" "MiB" -- run run.yaml -q -o small
unset GPU_ON_CPU_FAULT

# Two runs on one GPU
"$ws" run run.yaml -q -o first 2>err.first &
"$ws" run run.yaml -q -o second 2>err.second || fail "the second run failed: $(cat err.second)"
wait $! || fail "the first run failed: $(cat err.first)"
check "the first of two" same_runs whole first
check "the second of two" same_runs whole second

finish
