# Policies that cannot be followed are refused before anything runs.
. "$(dirname "$0")/lib.bash"

make_corpus 4000 >corpus.txt
cat >text.yaml <<'END'
family: ngram
source: text
corpus: corpus.txt
block: 100
items: 20
test_items: 8
fresh_items: 10
policies: [replace]
generations: 6
seeds: 1
END
cat >discrete.yaml <<'END'
family: discrete
source: zipf
items: 50
policies: [replace]
generations: 6
END

with_policy() {
    sed "s/^policies: .*/policies: [$1]/" discrete.yaml >bad.yaml
}

# Shares
with_policy keep:1.5
refuses 2 bad.yaml:4 "'keep:1.5'" "1.5" "0 to 1" -- plan bad.yaml
with_policy keep:-0.1
refuses 2 bad.yaml:4 "'keep:-0.1'" "0 to 1" -- plan bad.yaml
with_policy mix:0.5:0.5:0.5
refuses 2 bad.yaml:4 "'mix:0.5:0.5:0.5'" "sum to 1.5" "wanted 1" -- plan bad.yaml
with_policy mix:0.5:0.2:0.1
refuses 2 bad.yaml:4 "sum to 0.8" "wanted 1" -- plan bad.yaml
with_policy mix:0.5:0.5
refuses 2 bad.yaml:4 "'mix:0.5:0.5'" "mix:MODEL:PREVIOUS:ORIGINAL" -- plan bad.yaml
with_policy keep
refuses 2 bad.yaml:4 "'keep'" "keep:SHARE" -- plan bad.yaml
with_policy keep:lots
refuses 2 bad.yaml:4 "'keep:lots'" "keep:SHARE" -- plan bad.yaml
with_policy replace:0.1
refuses 2 bad.yaml:4 "'replace:0.1'" -- plan bad.yaml

# Names
with_policy replcae
refuses 2 bad.yaml:4 "unknown policy 'replcae'" "did you mean 'replace'?" -- plan bad.yaml
with_policy forget
refuses 2 bad.yaml:4 "unknown policy 'forget'" "accumulate-subsample" "mix:MODEL:PREVIOUS:ORIGINAL" -- plan bad.yaml
with_policy "replace, replace"
refuses 2 bad.yaml:4 "'replace' is given twice" -- plan bad.yaml
with_policy "keep:0.1, keep:0.10"
refuses 2 bad.yaml:4 "'keep:0.1' is given twice" -- plan bad.yaml
with_policy ""
refuses 2 bad.yaml:4 -- plan bad.yaml --set control=false

# The fresh stream: 5 generations after the first, each with half of 20 items.
refuses 2 "--set" "'fresh:0.5'" "50 fresh items" "fresh_items=10" -- \
    plan text.yaml --set policies=fresh:0.5
accepts plan text.yaml --set policies=fresh:0.1
refuses 2 "--set" "'fresh:0.1'" "12 fresh items" "fresh_items=10" -- \
    plan text.yaml --set policies=fresh:0.1 --set generations=7
refuses 2 "--set" "'fresh:0.1'" fresh "fresh_items=0" -- \
    plan text.yaml --set policies=fresh:0.1 --set fresh_items=0
accepts plan discrete.yaml --set policies=fresh:0.9 --set generations=1000

# Growth: the original data are 50 items at every size of the training set.
refuses 2 "--set" "'keep:1'" "100 original items at generation 1" "there are 50" -- \
    plan discrete.yaml --set policies=keep:1 --set growth=linear:1
refuses 2 "generation" "items" -- plan discrete.yaml --set growth=geometric:1000 --generations 50
refuses 2 "--set" "'growth' is 'geometric:0.5'" "at least 1" -- \
    plan discrete.yaml --set growth=geometric:0.5
refuses 2 "--set" "'growth' is 'linear:-1'" -- plan discrete.yaml --set growth=linear:-1
refuses 2 "--set" "'growth' is 'doubling'" "geometric:FACTOR" -- \
    plan discrete.yaml --set growth=doubling
accepts plan discrete.yaml --set policies=replace,accumulate,augment --set growth=power:0.5
check "arms that outgrow the control are marked" test "$(grep -c ' \*' out)" -ge 3

# Every policy there is
accepts plan text.yaml --set \
    policies=replace,keep:0.1,mix:0.5:0.3:0.2,accumulate,accumulate-subsample,augment,window:3,recent:3,history:0.5,fresh:0.1
check "ten policies and the control" grep -q '^11 arms' out

# Weights, and arms that share all random numbers: equal weights make equal arms.
cat >gaussian.yaml <<'END'
family: gaussian
source: normal
items: 20
policies: [weighted:0.5, weighted:0.50000001, naive, golden-ratio]
generations: 3
seeds: 2
pair: all
END
refuses 2 "--set" "'golden-ratio' weighs items" "family 'discrete'" -- \
    plan discrete.yaml --set policies=golden-ratio
accepts plan discrete.yaml --set policies=naive:2
refuses 2 "--set" "'weighted:1' has a weight of 1" -- plan gaussian.yaml --set policies=weighted:1
refuses 2 "--set" "'golden-ratio:0' has a ratio of 0" -- \
    plan gaussian.yaml --set policies=golden-ratio:0
accepts run gaussian.yaml -q -o paired
value() {
    records "$1" | grep "\"arm\":\"$2\",\"seed\":1,\"generation\":2,\"metric\":\"mean_error_squared\"" |
        sed 's/.*"value":\([^,}]*\).*/\1/'
}
check "paired arms of nearly one weight nearly agree" awk -v a="$(value paired weighted:0.5)" \
    -v b="$(value paired weighted:0.50000001)" \
    'BEGIN { a += 0; b += 0; exit !(a > 0 && a != b && (a - b) ^ 2 < 1e-12 * a ^ 2) }'
accepts run gaussian.yaml -q -o unpaired --set pair=data
check "others do not" awk -v a="$(value unpaired weighted:0.5)" \
    -v b="$(value unpaired weighted:0.50000001)" \
    'BEGIN { a += 0; b += 0; exit !(a > 0 && (a - b) ^ 2 > 1e-6 * a ^ 2) }'

# Filters
filtered() {
    sed "s/^policies: .*/policies: ['$1']/" discrete.yaml >bad.yaml
}
filtered 'replace|drop-detcted:1:0'
refuses 2 bad.yaml:4 "unknown filter 'drop-detcted'" "did you mean 'drop-detected'?" -- plan bad.yaml
filtered 'replace|drop-detected:0.9'
refuses 2 bad.yaml:4 "'drop-detected:0.9'" "drop-detected:COVERAGE:FALSE_POSITIVES" -- plan bad.yaml
filtered 'replace|drop-above:0.5'
refuses 2 bad.yaml:4 "'drop-above:0.5' looks at scores" "before it" -- plan bad.yaml
filtered 'control|drop-detected:1:0'
refuses 2 bad.yaml:4 "filters the control" -- plan bad.yaml
filtered 'replace|edit:0.99'
refuses 2 bad.yaml:4 "'edit:0.99' edits texts" "family 'discrete' cannot" -- plan bad.yaml
refuses 2 "--set" "biases models" "family 'ngram' cannot with sampling=kneser-ney" -- \
    plan text.yaml --set 'policies=replace|biased:0.5' --set sampling=kneser-ney
accepts run text.yaml -q -o edited --set 'policies=keep:1|edit:0.99,replace|biased:0.5' --generations 2
check "texts are edited" grep -q '"generation":1,"metric":"filter/1/edit/changed"' <(records edited)
filtered 'replace|keep-correct:0.9:0.1'
refuses 2 bad.yaml:4 "'keep-correct:0.9:0.1'" "the source does not know" -- plan bad.yaml
cat >filters.yaml <<'END'
family: discrete
source: zipf
types: 30
items: 200
policies: ['fresh:0.5|drop-detected:1:0', 'keep:0.5|likelihood|resample:10:3:1.5',
    'replace|oversample:3|keep-chosen:3:2']
control: false
generations: 3
seeds: 2
END
accepts plan filters.yaml
check "a long name has a line of its own" grep -qx 'keep:0.5|likelihood|resample:10:3:1.5 \*' out
accepts run filters.yaml -q -o filters
records filters >all
is() { # ARM METRIC VALUE: of every seed at generations 1 and 2
    check "$1: $2 is $3" test "$(grep -F "\"arm\":\"$1\"" all | grep -F "\"metric\":\"$2\"" |
        grep -c "\"value\":$3[,}]")" -eq 4
}
is 'fresh:0.5|drop-detected:1:0' filter/1/drop-detected/fresh/in 100.0
is 'fresh:0.5|drop-detected:1:0' filter/1/drop-detected/fresh/out 100.0
is 'fresh:0.5|drop-detected:1:0' filter/1/drop-detected/model/in 100.0
is 'fresh:0.5|drop-detected:1:0' filter/1/drop-detected/model/out 0.0
is 'fresh:0.5|drop-detected:1:0' filter/kept 0.5
is 'keep:0.5|likelihood|resample:10:3:1.5' filter/kept 1.5
is 'replace|oversample:3|keep-chosen:3:2' filter/1/keep-chosen/model/in 600.0
is 'replace|oversample:3|keep-chosen:3:2' filter/1/keep-chosen/model/out 200.0
check "what only scores removes nothing" test "$(grep -c filter/1/likelihood all)" -eq 0
check "a directory an arm" test -d 'filters/arms/fresh-0.5-drop-detected-1-0'
cp -r filters once
accepts run filters.yaml -q -o filters # nothing is left to do
records filters >again
check "the same records" cmp all again
accepts run filters.yaml -q -o other --threads 1
records other >again
check "for any number of threads" cmp all again

# A verifier that lets every right label pass and a quarter of the wrong ones: below 1 / (1 + 1/4) = 80 %
# of wrong labels its models are right, above they are wrong; without one that is so at 50 %.
cat >verifier.yaml <<'END'
family: logistic
source: two-class
inputs: 2
separation: 2
items: 4000
test_items: 10
policies: ['fresh:1', 'fresh:1|keep-correct:1:0.25']
control: false
generations: 2
seeds: 2
END
accuracy() { # NOISE ARM LEAST MOST
    accepts run verifier.yaml -q -o "verifier-$1" --set label_noise="$1"
    check "at $1 wrong labels $2 is $3 to $4" test "$(records "verifier-$1" |
        grep -F "\"arm\":\"$2\"" | grep '"generation":1,"metric":"accuracy_truth"' |
        sed 's/.*"value":\([^,}]*\).*/\1/' | awk -v a="$3" -v b="$4" '$1 >= a && $1 <= b' | wc -l)" -eq 2
}
accuracy 0.4 fresh:1 0.9 1
accuracy 0.6 fresh:1 0 0.1
accuracy 0.75 'fresh:1|keep-correct:1:0.25' 0.8 1
accuracy 0.85 'fresh:1|keep-correct:1:0.25' 0 0.2

# Variations: arms by variation, in directories of their own, and told apart in the table.
cat >varied.yaml <<'END'
family: ngram
source: text
corpus: corpus.txt
block: 100
items: 20
test_items: 8
policies: [replace, keep:0.1]
vary: [order=1|2]
generations: 2
seeds: 1
END
accepts plan varied.yaml
check "two policies and the control, twice" grep -q '^6 arms' out
accepts run varied.yaml -q -o varied
check "a directory an arm" test "$(cd varied/arms && echo *)" = \
    "control,order=1 control,order=2 keep-0.1,order=1 keep-0.1,order=2 replace,order=1 replace,order=2"
check "arms keep their names in records" grep -q '"arm":"keep:0.1 order=2"' <(records varied)
"$ws" run varied.yaml -o varied >out 2>err
check "the table has a head for each variation" test "$(grep -c '^order=[12]$' out)" -eq 2
check "and policies below" test "$(grep -c '^keep:0.1 ' out)" -eq 2
refuses 2 "'varied' was begun with vary=order=1|2" -- run varied.yaml -q -o varied --set vary=order=1
refuses 2 "--set" "'order' is set here and varied at varied.yaml:8" -- plan varied.yaml --order 1
sed 's/1|2/1|6/' varied.yaml >bad.yaml
refuses 2 bad.yaml:8 "'order' is '6'" -- plan bad.yaml

# Data that differ between arms
cat >swept.yaml <<'END'
family: gaussian
items: [10, 40]
sweep:
  - {dimension: 1, estimator: mle}
  - {dimension: 2, estimator: unbiased}
generations: 4
seeds: 3
END
accepts plan swept.yaml
check "every combination" grep -q '^8 arms' out
check "plans have the arm's items" test "$(grep -c '^replace  *40 ' out)" -eq 2
accepts run swept.yaml -q -o swept --threads 3
accepts run swept.yaml -q -o single --threads 1 --generations 2
accepts run swept.yaml -q -o single --threads 1
check "threads and resuming change nothing" same_runs swept single
accepts export swept
check "columns of what differs" test "$(head -n 1 out | tr -d '\r')" = \
    "arm,seed,generation,metric,definition,n,value,floor,policy,dimension,estimator,items"
check "an arm's values" grep -q \
    '^replace dimension=2 estimator=unbiased items=40,3,3,w2_squared,.*,replace,2,unbiased,40' out
accepts export swept --summary --format jsonl
check "numbers are numbers" grep -q '"policy":"control","dimension":1,"estimator":"mle","items":10}' out
# A first model knows nothing of arms: it is that of the same data without any other.
first_variance() { # first_variance RUN ARM
    records "$1" | grep -F "\"arm\":\"$2\"" | grep '"generation":0,"metric":"log_variance"' |
        sed 's/"arm":"[^"]*"//; s/,"policy.*/}/'
}
accepts run swept.yaml -q -o plain --set sweep= --items 40 --dimension 2
first_variance plain replace >plain.records
first_variance swept "replace dimension=2 estimator=unbiased items=40" >swept.records
check "the data of an arm are those of a run with its settings" cmp plain.records swept.records
check "of every seed" test "$(wc -l <plain.records)" -eq 3
refuses 2 "'swept' was begun with vary=items=10|40" -- run swept.yaml -q -o swept --items '[10, 50]'
sed -i 's/, estimator: mle//' swept.yaml
refuses 2 swept.yaml:3 "'estimator' in some combinations only" -- plan swept.yaml
[ ! -e runs ] || fail "planning made a directory"

finish
