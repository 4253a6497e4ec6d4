# Ranks with a GPU each trade gradients by NCCL, ranks that share one through MPI: the same bytes, which
# are those of one process. GPUs are played on the CPU, and NCCL by files.
. "$(dirname "$0")/lib.bash"

if ! command -v mpirun >/dev/null || [ ! -e with/wellspring-mpi.so ]; then
    echo "skipped: no mpirun here, or built without MPI"
    exit 77
fi
# On one machine, as any user.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_plm=isolated
export OMPI_MCA_rmaps_base_oversubscribe=1
export WELLSPRING_NCCL=$WS_FAKE_NCCL

printf '%s\n' 'batch: 8' 'parts: 3' 'control: false' 'generations: 1' >>run.yaml
accepts run run.yaml -q -o alone

# together NAME FIRST SECOND: two ranks, each on the GPU at that place of the bus
together() {
    mkdir -p "trade-$1"
    export FAKE_NCCL_PLACE=$place/trade-$1
    mpirun --oversubscribe -n 1 env GPU_ON_CPU_BUS="$2" "$ws" run run.yaml -q -o "$1" : \
        -n 1 env GPU_ON_CPU_BUS="$3" "$ws" run run.yaml -q -o "$1" >out 2>err </dev/null
}
traded() {
    [ -e "$FAKE_NCCL_PLACE/traded" ]
}
together apart 0000:01:00.0 0000:02:00.0 || fail "two GPUs: $(cat err)"
check "two GPUs" same_runs alone apart
check "they trade by NCCL" traded
together shared 0000:01:00.0 0000:01:00.0 || fail "one GPU: $(cat err)"
check "one GPU for two ranks" same_runs alone shared
traded && fail "NCCL was given two ranks on one GPU"
FAKE_NCCL_FAULT=init together refused 0000:01:00.0 0000:02:00.0 || fail "NCCL cannot begin: $(cat err)"
check "NCCL that cannot begin" same_runs alone refused
WELLSPRING_NCCL=none together without 0000:01:00.0 0000:02:00.0 || fail "without NCCL: $(cat err)"
check "without NCCL" same_runs alone without
FAKE_NCCL_FAULT=send together broken 0000:01:00.0 0000:02:00.0 && fail "NCCL that failed was fine"
check "NCCL that fails" grep -q 'while gradients were exchanged: a fault that was asked for' err
together broken 0000:01:00.0 0000:02:00.0 || fail "gone on: $(cat err)"
check "gone on with" same_runs alone broken

finish
