# What the tests with mpirun share; they end here where there is none.
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

if $sanitized; then
    echo "skipped: everything (unit/test_ranks and unit/test_team run what is ours; Open MPI takes minutes under sanitizers)"
    exit 77
fi
if ! command -v mpirun >/dev/null; then
    echo "skipped: no mpirun here"
    exit 77
fi
if [ ! -e "$(dirname "$ws")/wellspring-mpi.so" ]; then
    echo "skipped: built without MPI"
    OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 "$ws" run discrete -q >out 2>err
    says "built without MPI"
    [ $failures -eq 0 ] || exit 1
    exit 77
fi
# On one machine, as any user.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_plm=isolated
export OMPI_MCA_rmaps_base_oversubscribe=1

mpi() { # mpi N ARGUMENTS...
    mpirun --oversubscribe -n "$1" "$ws" "${@:2}" >out 2>err </dev/null
}

mpi_accepts() {
    mpi "$@" || { fail "mpirun -n $* ended with $?"; cut -c 1-200 err; }
}

# mpi_paused RANKS SUFFIX ARGUMENTS...: begins that run, and leaves its $launcher and as $paused the process of the rank
# that was the first to write a file whose name ends so: it waits for a signal. What a test then does is in time.
mpi_paused() {
    rm -f paused
    LD_PRELOAD=$WS_PAUSE_AT_RENAME PAUSED=$PWD/paused PAUSE_AT=$2 \
        mpirun --oversubscribe -n "$1" "$ws" run "${@:3}" >out 2>err </dev/null &
    launcher=$! paused=
    local rank
    while kill -0 $launcher 2>/dev/null && [ -z "$paused" ]; do
        sleep 0.05
        for rank in $(pgrep -P $launcher); do
            ! grep -q '^State:.T' "/proc/$rank/status" 2>/dev/null || paused=$rank
        done
    done
    [ -n "$paused" ] || fail "no rank has written a file *$2"
}

# mpi_ended DIRECTORY: nobody works on the run any more; fails as mpirun did.
mpi_ended() {
    wait "$launcher"
    local status=$?
    flock -w 60 "$1/lock" true || fail "a rank holds $1/lock still"
    return $status
}
