# A GPU at fault, in whole runs.
. "$(dirname "$0")/lib.bash"

printf '%s\n' 'batch: 4' 'generations: 2' 'checkpoint_seconds: 0' >>run.yaml

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
