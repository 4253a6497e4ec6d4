# Vectors are measured by the models' parameters, and by samples where a number of items is given.
. "$(dirname "$0")/lib.bash"

cat >grid.yaml <<'END'
family: gaussian
source: grid
items: 100
test_items: 50
policies: [replace, accumulate]
generations: 6
seeds: 3
END
sampled='"metric":"(sliced_w2|sliced_w2_human|mode_coverage|mode_quality|modal_variance_ratio)"'

accepts run grid.yaml -q -o without --threads 1
records without >without.jsonl
check "no sample" bash -c "! grep -qE '$sampled' without.jsonl"

runs run grid.yaml -o with --set metric_items=250 --threads 1
check "what a run has of its headlines" grep -q 'mean error^2 *modes kept' out
check "and not what it lacks" bash -c '! grep -q "W2 squared" out'
records with >with.jsonl
check "five of each of 3 x 3 chains and 6 generations" \
    test "$(grep -cE "$sampled.*\"n\":250," with.jsonl)" -eq 270
grep '"arm":"replace",.*"generation":0,' without.jsonl >first.jsonl
grep '"arm":"replace",.*"generation":0,' with.jsonl | grep -vE "$sampled" >rest.jsonl
check "of the first models nothing else changes" cmp first.jsonl rest.jsonl

# Any number of threads, and a run that was made longer.
accepts run grid.yaml -q -o short --set metric_items=250 --threads 2 --generations 3
accepts run grid.yaml -q -o short --set metric_items=250 --threads 2
records short >short.jsonl
check "the same records" cmp with.jsonl short.jsonl

# One dimension: exact W2.
accepts run grid.yaml -q -o line --set source=normal --set metric_items=250
records line >line.jsonl
check "w2_sample" test "$(grep -c '"metric":"w2_sample"' line.jsonl)" -eq 54
check "and nothing of slices or modes" bash -c "! grep -qE '$sampled' line.jsonl"

accepts plan grid.yaml --set metric_items=1000
accepts compare with
check "comparing them" grep -q '^mode_coverage (modes.covered-tenth.sample/1, n = 250)' out

finish
