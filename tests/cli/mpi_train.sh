# Ranks that are more than the blocks share steps of training: the same bytes as those of one process.
. "$(dirname "$0")/mpi.bash"

# Five parts a step, of three and four items, two at a time; dropout, and an epoch's order that is drawn
make_corpus 3000 >corpus.txt
cat >one.yaml <<'END'
family: transformer
source: text
corpus: corpus.txt
unit: bpe
vocabulary: 300
block: 16
items: 40
test_items: 12
validation_items: 12
keep_best: true
context: 16
layers: 2
width: 16
heads: 2
dropout: 0.1
batch: 18
parts: 5
micro_batch: 2
epochs: 2
policies: replace
generations: 2
seeds: 1
threads: 1
END
accepts run one.yaml -q -o alone
for ranks in 2 3 7; do
    mpi_accepts $ranks run one.yaml -q -o "ranks-$ranks"
    check "$ranks ranks" same_runs alone "ranks-$ranks"
done
check "events.log says so" grep -q 'on each of 3 ranks; those without a block help' ranks-3/events.log

# Two blocks for three ranks: one is shared, the other is not. Grown by others.
accepts run one.yaml -q -o two --set policies=replace,accumulate --set generations=3
mpi_accepts 3 run one.yaml -q -o teams --set policies=replace,accumulate
mpi_accepts 5 run one.yaml -q -o teams --set policies=replace,accumulate --set generations=3
check "two teams" same_runs two teams

# A batch of one part is for one process.
accepts run one.yaml -q -o whole --set parts=1
mpi_accepts 2 run one.yaml -q -o whole-2 --set parts=1
check "one part" same_runs whole whole-2
cmp -s alone/summary whole/summary && fail "parts change nothing at all"
refuses 2 "'whole' was begun with" "parts=1" -- run one.yaml -q -o whole

# Stopped, or a rank killed, in the middle of a training, which other ranks go on with. A rank that has stored its
# first draft waits for the signal.
long=(one.yaml -q --set epochs=10 --set checkpoint_seconds=0)
accepts run "${long[@]}" -o straight
for signal in KILL TERM; do
    mpi_paused 3 .fit.draft "${long[@]}" -o long
    kill -$signal "$paused"
    [ $signal = KILL ] || kill -TERM $launcher
    mpi_ended long && fail "mpirun was fine after $signal"
    [ -n "$(find long -name '*.fit.draft')" ] || fail "$signal left no draft"
    [ ! -e long/summary ] || fail "it was over before $signal"
done
mpi_accepts 2 run "${long[@]}" -o long
check "stopped, killed and resumed" same_runs straight long
finish
