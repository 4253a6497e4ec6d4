# Which error lost what: experiments of which the answer is known.
. "$(dirname "$0")/lib.bash"

# ROWS ARM METRIC COLUMN: a number of a CSV file of shares.
number() {
    awk -F, -v arm="\"$2\"" -v metric="$3" -v column="$4" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i }
        NR > 1 && $1 == arm && $2 == metric { print $at }' "$1"
}

# Whether NUMBER compares: is "EXPRESSION of a b c d" a b c d
is() {
    awk -v a="$2" -v b="${3:-0}" -v c="${4:-0}" -v d="${5:-0}" "BEGIN { exit !($1) }" ||
        fail "not so: $1 for $2 ${3:-} ${4:-} ${5:-}"
}

# One error alone is made: its share is the whole, the others' are exactly 0.
all_by() { # all_by ERROR ROWS ARM METRIC
    local error total
    total=$(number "$2" "$3" "$4" total)
    is 'a != 0' "$total"
    for error in statistical expressivity approximation; do
        if [ "$error" = "$1" ]; then
            is '(a - b) ^ 2 <= 1e-24 * b ^ 2' "$(number "$2" "$3" "$4" "$error")" "$total"
        else
            is 'a == 0' "$(number "$2" "$3" "$4" "$error")"
        fi
    done
}

cat >normal.yaml <<'END'
family: gaussian
estimator: mle
source: normal
items: 20
generations: 5
seeds: 40
policies: [replace, keep:0.2]
END
accepts attribute normal.yaml -q -o rows.csv
all_by statistical rows.csv replace w2_squared
all_by statistical rows.csv keep:0.2 log_variance
# Without it nothing is lost at all.
is 'a == 0' "$(number rows.csv replace w2_squared with_none)"
is 'a == 1' "$(number rows.csv replace variance_ratio with_none)"

# Where more items stand for a population, what they leave is told: here it is all of what is lost
# without errors, and falls about as 1/items.
accepts attribute normal.yaml -q -o more.csv --factor 16 --set policies=replace,accumulate-subsample
is 'a == 0 && b == 0' "$(number more.csv replace w2_squared statistical_left_low)" \
    "$(number more.csv replace w2_squared statistical_left_high)"
is 'a > b / 2 && a < c' "$(number more.csv accumulate-subsample w2_squared with_none)" \
    "$(number more.csv accumulate-subsample w2_squared statistical_left_low)" \
    "$(number more.csv accumulate-subsample w2_squared statistical_left_high)"
accepts attribute normal.yaml -q -m w2_squared --factor 2 --set policies=replace,accumulate-subsample
grep -q '^statistical *off: *approximately, models are .* 2 times as many items; held fixed: how models are fitted$' out ||
    fail "twice as many items are not told to be approximate"
grep -q '^  left of statistical: .* noise .*; --factor [0-9]* would leave less$' out ||
    fail "nor what they leave"
# Where no factor is asked for it is as large as leaves less than the noise, and runs that are kept
# are found again, whatever it came to.
accepts attribute normal.yaml -q -m w2_squared --runs raised \
    --set policies=replace,accumulate-subsample
grep -q '^  left of statistical: .*, under the noise of ' out || fail "the noise is not gone under"
for factor in 16 64; do
    [ -d raised/none-of-$factor-times-the-items ] || fail "no $factor times the items"
done
cp out first
accepts attribute normal.yaml -q -m w2_squared --runs raised \
    --set policies=replace,accumulate-subsample
cmp -s first out || fail "kept runs give other shares"
accepts attribute normal.yaml -q -m w2_squared --set policies=replace
grep -q 'approximately\|left of statistical' out && fail "populations leave nothing"

# All outputs that are kept are of models that are known, as are the weights of items: populations
# again, of the truth in parts, and so the truth.
accepts attribute normal.yaml -q -o pooled.csv \
    --set policies=accumulate,window:2,recent:2,augment,weighted:0.7,golden-ratio
for policy in accumulate window:2 recent:2 augment weighted:0.7 golden-ratio; do
    all_by statistical pooled.csv $policy w2_squared
    is 'a < 1e-24' "$(number pooled.csv $policy w2_squared with_none)"
done

# Kernels on a Gaussian, which is blurred by their variance of 1/4 at each fit: it is 2.5 after six.
# Populations of kernels take long; what is held of them holds for any number of seeds.
seeds=20
if $sanitized; then seeds=4; fi
cat >kernels.yaml <<END
family: kde
bandwidth: 0.5
source: normal
items: 50
test_items: 400
metric_items: 2000
fit_to: populations
generations: 6
seeds: $seeds
policies: [replace, accumulate]
control: false
END
accepts attribute kernels.yaml -q -o rows.csv
all_by expressivity rows.csv replace w2_sample
all_by expressivity rows.csv accumulate test_nll
# Log losses: of a Gaussian of variance 2.5 where the truth's is 1, less the truth's. Of a test item x
# they differ by (1 / 2.5 - 1) x^2 / 2, whose variance is 0.18.
is '(a - (log(2.5) / 2 + 1 / 5 - 1 / 2)) ^ 2 <= (4 * sqrt(0.18 / (400 * b))) ^ 2' \
    "$(number rows.csv replace test_nll total)" $seeds

# What ended is gone on with as if it never had.
accepts run kernels.yaml -q -o runs/whole
accepts run kernels.yaml -q -o runs/part --generations 3
accepts run kernels.yaml -q -o runs/part --generations 6
for run in whole part; do
    accepts export runs/$run -o $run.csv
done
cmp -s whole.csv part.csv || fail "populations are not gone on with"

# Two moons are no mixture of anything, but the items themselves tell them: no family is missing.
# Those have no density, and so metrics of samples tell.
cat >moons.yaml <<'END'
family: kde
bandwidth: 0.5
source: moons
items: 50
test_items: 100
metric_items: 100
generations: 4
seeds: 10
policies: [replace]
control: false
END
accepts attribute moons.yaml -q -m sliced_w2 -o rows.csv
is 'a > 0' "$(number rows.csv replace sliced_w2 expressivity_low)"
refuses 1 "no seed has a finite 'test_nll'" "metric_items" -- attribute moons.yaml -q -m test_nll

# A bias that the policy asks for is in every counterfactual, and said to be.
accepts attribute normal.yaml -q -m w2_squared --set 'policies=replace|biased:0.5'
grep -q "^approximation .*; what 'replace|biased:0.5' biases is in 'none' and in no share$" out ||
    fail "a bias is left out silently"
accepts attribute normal.yaml -q -m w2_squared
grep -q 'biases' out && fail "a bias that is not there"

# Of three items the log variance falls by 0.98 a generation, 1.28 more or less; at -71 it is 0, and a
# log loss infinite: of about half of the seeds after 74 fits, of all after 150.
cat >singular.yaml <<'END'
family: gaussian
source: normal
estimator: mle
items: 3
test_items: 20
generations: 74
seeds: 12
policies: [replace]
control: false
END
accepts attribute singular.yaml -q -m test_nll
grep -Eq '^  of [0-9]+ of 12 seeds: the others' out || fail "seeds are left out silently"
refuses 1 "no seed has a finite 'test_nll'" -- attribute singular.yaml -q -m test_nll --generations 150

# Iterations end at the best near their start, which need not be the best of all, and that is said.
printf 'family: gmm\nsource: grid\nside: 2\nitems: 40\ntest_items: 20\ngenerations: 1\nseeds: 2\n' >grid.yaml
accepts attribute grid.yaml -q -m test_nll
grep -q "^approximation .* from the same starts: what better ones would find counts as the others'$" out ||
    fail "starts are taken for the best"

cat >two.yaml <<'END'
family: gaussian
source: blobs
centers: [-3, 3]
items: 50
test_items: 200
metric_items: 200
fit_to: populations
generations: 3
seeds: 10
policies: [replace]
END
accepts attribute two.yaml -q -o rows.csv
all_by expressivity rows.csv replace test_nll
all_by expressivity rows.csv replace w2_sample

# A fit with a ridge stops before the least squares do, on items without end.
cat >ridge.yaml <<'END'
family: regression
source: linear
inputs: 1
ridge: 0.5
items: 20
fit_to: populations
generations: 1
seeds: 2000
policies: [replace]
control: false
END
accepts attribute ridge.yaml -q -o rows.csv
all_by approximation rows.csv replace weight_error_squared

# Both at once, by hand. With w ~ N(0, 1), x ~ N(0, 1), noise of variance 1, ridge r and S the mean
# of n = 20 squares x^2, the weight errs by (mean(x e) - r w) / (S + r). E of its square, over w, e
# and S (n S is chi-squared): r^2 E[1 / (S + r)^2] + E[S / (S + r)^2] / n = 0.126507 + 0.022160 by
# quadrature; with r = 0 it is 1 / (n - 2), on items without end (r / (1 + r))^2.
grep -v fit_to ridge.yaml >mixed.yaml
accepts attribute mixed.yaml -q --seeds 2000 -o rows.csv
near() { # near COLUMN WANTED: within 4 standard errors, which an interval of 95 % has 3.92 of
    local low high
    low=$(number rows.csv replace weight_error_squared "$1_low")
    high=$(number rows.csv replace weight_error_squared "$1_high")
    is "(a - $2) ^ 2 <= (4 * (c - b) / 3.92) ^ 2" \
        "$(number rows.csv replace weight_error_squared "$1")" "$low" "$high"
}
near total 0.148667
near statistical 0.046556
near approximation 0.102111
is 'a == 0' "$(number rows.csv replace weight_error_squared expressivity)"
is '(a + b - c) ^ 2 < 1e-24' "$(number rows.csv replace weight_error_squared statistical)" \
    "$(number rows.csv replace weight_error_squared approximation)" \
    "$(number rows.csv replace weight_error_squared total)"

# Texts of a teacher, in which two words take turns. Whoever knows no word before finds them equally
# likely: perplexity 2. Who knows one is right, but for what Kneser-Ney takes off: less than 1 of the
# 50 counts (or 800) of a context. So the family's share is above 2 - 50 / 49 and at most 1.
for _ in $(seq 100); do echo a b a b a b a b; done >turns.txt
cat >turns.yaml <<'END'
family: ngram
order: 1
source: teacher
teacher_order: 2
corpus: turns.txt
block: 8
items: 50
test_items: 20
generations: 1
seeds: 10
policies: [replace]
control: false
END
accepts attribute turns.yaml -q --metric perplexity -o rows.csv
is '(a - 2) ^ 2 < 1e-24' "$(number rows.csv replace perplexity with_statistical+expressivity)"
is 'a > 2 - 50 / 49 && a <= 1' "$(number rows.csv replace perplexity expressivity)"
is 'a == 0' "$(number rows.csv replace perplexity approximation)"

# On populations nothing is taken off: of the two sides of the family's share one is 2 - 1 exactly.
is 'a == 2 && b == 1' "$(number rows.csv replace perplexity with_expressivity)" \
    "$(number rows.csv replace perplexity with_none)"
accepts attribute turns.yaml -q --metric perplexity --sampling kneser-ney --generations 3 \
    --fit_to populations -o rows.csv
all_by expressivity rows.csv replace perplexity

# An n-gram of the teacher's own order loses to finite samples alone; one that smoothes, to all.
make_corpus 2000 >corpus.txt
sed 's/turns.txt/corpus.txt/; s/generations: 1/generations: 3/' turns.yaml >text.yaml
accepts attribute text.yaml -q --order 2 --metric perplexity -o rows.csv
all_by statistical rows.csv replace perplexity
accepts attribute text.yaml -q --sampling kneser-ney --metric perplexity -o rows.csv
for error in statistical expressivity approximation; do
    is 'a != 0' "$(number rows.csv replace perplexity $error)"
done
is '(a + b + c - d) ^ 2 < 1e-20 * d ^ 2' \
    "$(number rows.csv replace perplexity statistical)" \
    "$(number rows.csv replace perplexity expressivity)" \
    "$(number rows.csv replace perplexity approximation)" \
    "$(number rows.csv replace perplexity total)"

# A mixture is compared with the truth, not with the first of its own chain. One component on two modes is
# all expressivity but for the tolerance that two would be fitted with:
# 1 / sqrt(40 pi) + (1 + exp(-9)) / 2 sqrt(4 pi) - 2 exp(-9/22) / sqrt(22 pi).
cat >mixture.yaml <<'END'
family: gmm
components: 1
floor: 0
source: blobs
centers: [-3, 3]
items: 50
fit_to: populations
policies: [replace]
generations: 2
seeds: 10
END
accepts attribute mixture.yaml -q --metric mixture_l2_truth -o rows.csv
is '(a - 0.07047063) ^ 2 < 1e-16' "$(number rows.csv replace mixture_l2_truth total)"
is '(a - 0.07047063) ^ 2 < 1e-12' "$(number rows.csv replace mixture_l2_truth expressivity)"
accepts attribute mixture.yaml -q --factor 2 -o rows.csv
grep -q 'mixture_l2_squared' rows.csv && fail "the first model stands for the truth"
refuses 2 "'mixture_l2_squared' compares a model with the first of its own chain" "mixture_l2_truth" -- \
    attribute mixture.yaml --metric mixture_l2_squared
refuses 2 "'own_text_perplexity' compares" "such as 'perplexity'" -- \
    attribute mixture.yaml --metric own_text_perplexity

# What is left of the original types tells how many there are where more items stand for a population, and
# nothing of errors; where models are fitted to one there are as many as before.
printf '%s\n' 'family: discrete' 'source: zipf' 'types: 50' 'items: 40' 'metric_items: 40' 'generations: 2' \
    'seeds: 10' 'policies: ["replace|drop-detected:0.5:0"]' 'control: false' >kept.yaml
accepts attribute kept.yaml -q --factor 2 -o rows.csv
grep -q 'support_kept' rows.csv && fail "the original types of more items stand for a loss"
grep -q 'mass_lost_truth' rows.csv || fail "what is lost of the truth is not attributed"
refuses 1 "'support_kept' compares with the original items, and 2 times as many" -- \
    attribute kept.yaml -q --factor 2 --metric support_kept
accepts attribute kept.yaml -q --policies replace --metric support_kept

# A transformer stands for a larger one, approximately, and says what was held fixed.
accepts train corpus.txt -q -o teacher --layers 2 --width 16 --heads 2 --context 8 --block 8 \
    --vocabulary 300 --steps 20 --learning-rate 0.003
cat >transformer.yaml <<'END'
family: transformer
source: teacher
teacher: teacher
block: 8
items: 16
test_items: 16
generations: 2
seeds: 1
layers: 1
width: 8
heads: 1
context: 8
steps: 4
learning_rate: 0.01
top_k: 20
policies: [replace]
control: false
END
accepts attribute transformer.yaml -q --metric perplexity
grep -q "statistical .*off: *approximately, .* times as many items; held fixed: how models are fitted" out ||
    fail "more items for a transformer are not told to be approximate"
grep -q "expressivity .*off: *approximately, .* the teacher's shape; held fixed: " out ||
    fail "a transformer's shape is not told to be approximate"
grep -q "approximation .*off: *approximately, 8 times as many steps.* held fixed: " out ||
    fail "a transformer's training is not told to be approximate"
accepts attribute transformer.yaml -q --json --metric perplexity
[ "$(grep -c '"approximate": true' out)" -eq 3 ] || fail "no label in JSON"
accepts attribute transformer.yaml -q --layers 2 --width 16 --heads 2 --metric perplexity
grep -q "expressivity .*not made: models have" out || fail "the teacher's own shape loses something"
refuses 1 "wanted 'steps'" -- attribute transformer.yaml --steps 0 --epochs 2
sed 's/^teacher: .*/corpus: corpus.txt/' transformer.yaml >of-ngram.yaml
refuses 1 "no transformer is known to hold" -- attribute of-ngram.yaml

# Of a run that is there, which stays as it is; the counterfactuals are kept and gone on with.
accepts run normal.yaml -q -o runs/normal
cp -r runs/normal before
accepts attribute runs/normal -q --runs without -o again.csv
diff -r before runs/normal >diff.out || fail "the run was changed: $(head -n 3 diff.out)"
[ -d without/none ] || fail "the counterfactuals are gone"
accepts attribute normal.yaml -q -o rows.csv
cmp -s rows.csv again.csv || fail "a run and its file are attributed differently"
accepts attribute runs/normal -q --runs without --json
grep -q '"statistical"' out || fail "no JSON"
accepts attribute normal.yaml -q --generation all --metric w2_squared
[ "$(grep -c '^replace' out)" -eq 5 ] || fail "not every generation"
accepts attribute normal.yaml -q --seeds 5
grep -q 'Intervals need 10 seeds' out || fail "intervals of five seeds"

# Too few seeds have no intervals, no empty line for them either, and it is said how many would do.
accepts attribute normal.yaml -q --seeds 9 --metric w2_squared
grep -q '^Means over 9 seeds; .*Intervals need 10 seeds$' out || fail "it is not said how many seeds intervals need"
grep -q '^ *$' <(sed -n '/^replace/,/^control/p' out) && fail "an empty line stands for an interval"

# A seed more than are looked at unless they are asked for.
accepts attribute normal.yaml -q --metric w2_squared
grep -q '^Means over 40 seeds' out || fail "40 seeds are not 40"
sed 's/^seeds: 40/seeds: 41/' normal.yaml >more.yaml
accepts attribute more.yaml -q --metric w2_squared
grep -q '^Means over the first 40 of 41 seeds (--seeds 41 takes all)' out ||
    fail "seeds are left out silently"
accepts attribute more.yaml -q --seeds 41 --metric w2_squared
grep -q '^Means over 41 seeds' out || fail "not the seeds that were asked for"

# Each variation of an experiment is attributed as the experiment that it is, and one arm alone, too.
sed 's/^items: 20/items: [20, 50]/' normal.yaml >varied.yaml
accepts attribute varied.yaml -q -o varied.csv
accepts attribute normal.yaml -q --items 50 -o alone.csv
for column in total statistical statistical_low; do
    is 'a == b' "$(number varied.csv 'keep:0.2 items=50' w2_squared $column)" \
        "$(number alone.csv keep:0.2 w2_squared $column)"
done
all_by statistical varied.csv 'replace items=20' w2_squared
accepts attribute varied.yaml -q --arm 'keep:0.2 items=50' -o one.csv
cut -d, -f1 one.csv | sort -u >arms
[ "$(cat arms)" = "$(printf '"keep:0.2 items=50"\narm')" ] || fail "other arms than the one: $(cat arms)"
is 'a == b' "$(number one.csv 'keep:0.2 items=50' w2_squared total)" \
    "$(number varied.csv 'keep:0.2 items=50' w2_squared total)"
accepts run varied.yaml -q -o runs/varied
accepts attribute runs/varied -q -o of-run.csv
cmp -s of-run.csv varied.csv || fail "a varied run and its file are attributed differently"
refuses 2 "--arm is 'replace'" "'replace items=20'" -- attribute varied.yaml -q --arm replace
printf 'family: logistic\nsource: two-class\nlabel_noise: 0.1\nitems: [20, 40]\n' >wrong.yaml
refuses 1 "with items=20: " "made wrong" -- attribute wrong.yaml -q

printf 'family: ngram\nsource: text\ncorpus: corpus.txt\nblock: 16\nitems: 50\n' >unknown.yaml
refuses 1 "the truth behind source 'text' is not known" "source=teacher" -- attribute unknown.yaml
refuses 2 "'fresh_items' has no meaning for source 'teacher'" -- run text.yaml --teacher_order 2 --fresh_items 10
refuses 2 "'teacher_order' has no meaning" -- run unknown.yaml --teacher_order 2
cat >external.yaml <<'END'
family: external
train: cp {data} {model}
sample: head -n {items} {model} >{out}
source: normal
items: 10
END
refuses 1 "family 'external' has no switches" -- attribute external.yaml
refuses 2 "--generation is '9'" "0 to 4" -- attribute normal.yaml -g 9
refuses 2 "--factor is '1'" -- attribute normal.yaml --factor 1
# These are known to be wrong before anything runs.
refuses 2 "no metric 'log_varience'; did you mean 'log_variance'" -- attribute normal.yaml -q \
    --metric log_varience --runs never
refuses 2 "--generation: 3 is not measured" "measure_every is 2" -- attribute normal.yaml -q -g 3 \
    --set measure_every=2 --runs never
check "nothing was run" test ! -e never
refuses 1 "no metric 'accuracy' at these generations" -- attribute normal.yaml -q --metric accuracy
refuses 1 "no metric 'recall' at these generations" "wants 100 or more metric_items" -- attribute normal.yaml -q \
    --metric recall --set metric_items=50
refuses 2 "accumulate-subsample" "no law that is known" -- run normal.yaml --fit_to populations \
    --policies accumulate-subsample
printf 'family: logistic\nsource: two-class\nitems: 5\nfit_to: populations\n' >logistic.yaml
refuses 2 "'logistic' cannot be fitted to a population" -- run logistic.yaml
finish
