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
# With what is measured of samples of all vectors, and the floors of all of these.
of_samples='"metric":"(floor/|sliced_w2|mod|quantile_recall|low_density|precision|recall|density|coverage|vendi_)'

accepts run grid.yaml -q -o without --threads 1
records without >without.jsonl
check "no sample" bash -c "! grep -qE '$of_samples' without.jsonl"

runs run grid.yaml -o with --set metric_items=250 --threads 1
cp out shown
check "what a run has of its headlines" grep -q 'mean error^2 *modes kept' out
check "and not what it lacks" bash -c '! grep -q "W2 squared" out'
records with >with.jsonl
check "five of each of 3 x 3 chains and 6 generations" \
    test "$(grep -cE "$sampled.*\"n\":250," with.jsonl)" -eq 270
grep '"arm":"replace",.*"generation":0,' without.jsonl >first.jsonl
grep '"arm":"replace",.*"generation":0,' with.jsonl | grep -vE "$of_samples" >rest.jsonl
check "of the first models nothing else changes" cmp first.jsonl rest.jsonl
check "the tails of both sides, and neighbours" test "$(grep -cE \
    '"metric":"(quantile_recall_low|quantile_recall_high|precision|recall|coverage|low_density_mass)"' \
    with.jsonl)" -eq 324
# Floors: once for each chain, and beside every value of what they are of.
check "a floor for each chain" test "$(grep -c '"metric":"floor/precision",' with.jsonl)" -eq 9
check "at the first generation" bash -c "! grep '\"metric\":\"floor/' with.jsonl | grep -vq '\"generation\":0,'"
floor=$(sed -n 's/.*"arm":"replace","seed":1,.*"metric":"floor\/recall",.*"value":\([^,}]*\).*/\1/p' with.jsonl)
check "beside every value" test "$(grep '"arm":"replace","seed":1,.*"metric":"recall",' with.jsonl |
    grep -c "\"floor\":$floor}")" -eq 6
check "none of what a model's parameters say" grep -q '"metric":"variance_ratio",.*"floor":"nan"}' \
    with.jsonl
check "shown below the arms" grep -q '^another human sample ' shown

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

# Samples that are too small: what was not measured is said, with the least that would do.
runs run grid.yaml -o few --set metric_items=30 --set test_items=18
check "which metrics" grep -q '^  precision, recall, density, coverage, low_density_mass$' out
check "the least that would do" grep -q 'wants 100 or more metric_items; there are 30$' out
check "of held-out items, too" grep -q 'wants 19 or more test_items; there are 18$' out
check "nothing of what is measured" bash -c '! grep -q vendi_1 out'
accepts run grid.yaml -q --json -o few --set metric_items=30 --set test_items=18
check "and in JSON" grep -q '"wants": "metric_items"' out
check "enough is said nothing of" bash -c '! grep -q "Not measured" shown'

# Texts likewise, which MAUVE puts into clusters of ten.
make_corpus 2000 >corpus.txt
cat >texts.yaml <<'END'
family: ngram
source: text
corpus: corpus.txt
block: 16
items: 60
test_items: 30
policies: [replace]
control: false
generations: 2
seeds: 2
END
few_texts() { # few_texts METRIC_ITEMS: a run, and its records in texts.jsonl
    runs run texts.yaml -o "texts-$1" --set metric_items="$1"
    records "texts-$1" >texts.jsonl
}
few_texts 19
check "which metrics of texts" grep -q '^  mauve, vendi_text_half, vendi_text_1, vendi_text_2$' out
check "the least that would do" grep -q 'wants 20 or more texts in a sample; there are 19$' out
check "no number" bash -c "! grep -qE 'mauve|vendi_text' texts.jsonl"
check "what two texts are enough for" grep -q '"metric":"self_bleu"' texts.jsonl
few_texts 20
check "nothing is missing of 20" bash -c '! grep -q "texts in a sample" out'
check "a number" grep -q '"metric":"mauve"' texts.jsonl
few_texts 1
check "one text is like no other" grep -q 'wants 2 or more texts in a sample; there is 1$' out
check "no number of one" bash -c '! grep -q self_bleu texts.jsonl'
finish
