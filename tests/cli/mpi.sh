# Runs that mpirun spreads over processes: the same bytes as those of one, killed or not.
. "$(dirname "$0")/mpi.bash"

cat >grid.yaml <<'END'
family: gaussian
policies: [replace, accumulate]
items: [10, 50]
generations: 30
seeds: 150
END
accepts run grid.yaml -q -o alone
for ranks in 1 2 3 7; do
    mpi_accepts $ranks run grid.yaml -q -o "ranks-$ranks"
    check "$ranks ranks" same_runs alone "ranks-$ranks"
    check "$ranks ranks leave a run that is complete" grep -q '"state": "complete"' "ranks-$ranks/run.json"
done
check "events.log says how many" grep -q 'on each of 3 ranks' ranks-3/events.log
[ "$(grep -c complete ranks-3/events.log)" -eq 1 ] || fail "more than one wrote the end"

# Only rank 0 speaks.
mpi_accepts 3 run grid.yaml -o spoken
check "announced once" test "$(grep -c '^grid: 6 arms' err)" -eq 1
check "one table" test "$(grep -c '^Everything is in spoken' out)" -eq 1
mpi 3 run grid.yaml -q -o spoken --set ordre=3
check "a mistake is told once" test "$(grep -c "^wellspring: .*'ordre'" err)" -eq 1
mpi 2 run --help && [ "$(grep -c '^usage: ' out)" -eq 1 ] || fail "help is not given once"
mpi 2 run grid.yaml -q -o spoken --dimension 2
check "and one of the run" test "$(grep -c "^wellspring: 'spoken' was begun with" err)" -eq 1

# Grown by another number of ranks, with text, files of their own for each chain, and pools
make_corpus 3000 >corpus.txt
cat >large.yaml <<'END'
family: ngram
source: text
corpus: corpus.txt
block: 20
items: 40
policies: [replace, accumulate]
generations: 4
seeds: 3
threads: 1
END
accepts run large.yaml -q -o six --generations 6
mpi_accepts 2 run large.yaml -q -o grown
mpi_accepts 3 run large.yaml -q -o grown --generations 6
check "grown by other ranks" same_runs six grown
{ cat large.yaml && echo 'then: grid.yaml'; } >first.yaml
mpi_accepts 2 run first.yaml -q
check "what follows is run, too" same_runs runs/grid alone

# A chain that fails in any rank is told by rank 0, the others go on.
for seed in 1 2 3; do
    rm -rf damaged
    cp -r grown damaged
    : >damaged/arms/replace/seed-$seed.checkpoint
    mpi 3 run large.yaml -q -o damaged --generations 7 && fail "a damaged checkpoint was fine"
    check "rank 0 says so" grep -q "^wellspring: arm 'replace' seed $seed: .*seed-$seed.checkpoint" err
    check "events.log has it" grep -q "failed: arm replace seed $seed" damaged/events.log
    grep -q '"state": "failed"' damaged/run.json || fail "the state is not 'failed'"
    check "the others are summed up" "$ws" export damaged -s
    rm damaged/arms/replace/seed-$seed.checkpoint
    mpi_accepts 2 run large.yaml -q -o damaged --generations 7
    [ $seed -eq 1 ] && cp -r damaged seven
    check "repaired" same_runs seven damaged
done

# Stopped, or a rank killed, in the middle: it goes on with any number of ranks.
cat >long.yaml <<'END'
family: discrete
source: zipf
types: 300
items: [3000, 8000]
policies: [replace, augment]
generations: 3000
seeds: 3
threads: 1
END
long=(long.yaml -q -o long --set checkpoint_seconds=0.02)
accepts run long.yaml -q -o straight
rank_of() { # rank_of N: its process
    local process
    for process in $(pgrep -P $launcher); do
        if tr '\0' '\n' <"/proc/$process/environ" 2>/dev/null | grep -qx "OMPI_COMM_WORLD_RANK=$1"; then
            echo "$process"
        fi
    done
}
for what in 1 2 0 launcher; do
    mpi_paused 3 .checkpoint "${long[@]}"
    if [ $what = launcher ]; then victim=$launcher; else victim=$(rank_of $what); fi
    kill -TERM "$paused" # for when mpirun lets it go on
    kill -9 "$victim"
    [ $what = launcher ] && kill -CONT "$paused"
    mpi_ended long 2>/dev/null && fail "mpirun was fine without rank $what"
    [ ! -e long/summary ] || fail "a run without rank $what was summed up"
done
mpi_paused 2 .checkpoint "${long[@]}"
kill -TERM "$paused" $launcher
mpi_ended long && fail "mpirun was fine after TERM"
mpi_accepts 2 run "${long[@]}"
check "killed and resumed" same_runs straight long

# A run that ranks work on is taken.
rm -r long
mpi_paused 2 .checkpoint "${long[@]}"
refuses 1 "'long/lock' is held by another process" -- run "${long[@]}"
kill -CONT "$paused"
wait $launcher || fail "the ranks did not end"
check "undisturbed" same_runs straight long

# Starting the program does not load MPI.
check "MPI is not linked" bash -c "! ldd '$ws' | grep -q libmpi"

finish
