# Curves beside the closed forms, bounds and limits that are known for them. Seeds and generations were
# chosen before.
. "$(dirname "$0")/lib.bash"

# theory.csv without what is written between quotation marks, and so without more commas.
rows() {
    sed 's/"\([^"]*\)"/x/g' theory.csv | tail -n +2
}

count() { # count KIND VERDICT: how many rows of them
    rows | awk -F, -v kind="$1" -v verdict="$2" '$5 == kind && $13 == verdict { n++ } END { print n + 0 }'
}

# measure NAME SETTINGS...: a run and its theory
measure() {
    local name=$1
    shift
    printf '%s\n' "$@" >"$name.yaml"
    accepts run "$name.yaml" -q -o "$name"
    accepts theory "$name" -o theory.csv
}

agree() { # agree EXACT BOUNDS -- SETTINGS...: so many rows of a run, and all of them agree
    local exact=$1 bounds=$2
    shift 3
    measure made "$@"
    [ "$(count exact agrees)" -eq "$exact" ] || fail "$(count exact agrees) exact rows agree: $*"
    [ $(($(count at-least agrees) + $(count at-most agrees))) -eq "$bounds" ] ||
        fail "other bounds are kept than $bounds: $*"
    rows | grep -E ',(differs|too few seeds|no mean),' && fail "no agreement of: $*"
    rm -rf made
}

# Arms and generations as often as forms: control 5, replace 5 and two bounds, accumulate 2 and 2 limits.
agree 60 10 -- 'generations: 5' 'family: gaussian' 'estimator: mle' 'variance: 4' 'items: 100' \
    'seeds: 400' 'policies: [replace, accumulate]'
agree 60 10 -- 'generations: 5' 'family: gaussian' 'estimator: unbiased' 'items: 50' 'seeds: 400' \
    'policies: [replace, accumulate]' 'dimension: 1'
# In more dimensions only what every coordinate does.
agree 30 0 -- 'generations: 5' 'family: gaussian' 'estimator: mle' 'items: 30' 'seeds: 400' \
    'policies: [replace, accumulate]' 'dimension: 3'
# Human items in every training set, of three weights and one bias.
agree 100 0 -- 'generations: 10' 'family: gaussian' 'estimator: unbiased' 'items: 40' 'seeds: 400' \
    'control: false' \
    'policies: [fresh:0.1, keep:0.25, golden-ratio, naive:2, "fresh:0.5|biased:0.8"]'
agree 60 0 -- 'generations: 10' 'family: gaussian' 'estimator: mle' 'items: 40' 'seeds: 400' \
    'control: false' 'policies: [augment:2, weighted:0.3, "replace|biased:0.9"]'
agree 30 0 -- 'generations: 10' 'family: discrete' 'source: zipf' 'types: 50' 'items: 100' 'seeds: 400' \
    'metric_items: 50' 'policies: [replace, accumulate]'
agree 20 0 -- 'generations: 10' 'family: discrete' 'source: zipf' 'types: 50' 'items: 100' 'seeds: 400' \
    'metric_items: 50' 'control: false' 'policies: [fresh:0.2, keep:0.2]'
agree 40 80 -- 'generations: 20' 'family: discrete' 'source: zipf' 'types: 200' 'items: 200' 'seeds: 100' \
    'policies: [replace]'
agree 48 32 -- 'generations: 8' 'family: discrete' 'source: uniform' 'types: 100' 'items: 100' \
    'seeds: 200' 'policies: [replace]'
agree 36 48 -- 'generations: 6' 'family: bernoulli' 'source: bernoulli' 'probability: 0.05' 'items: 20' \
    'seeds: 400'
agree 24 0 -- 'generations: 6' 'family: poisson' 'source: poisson' 'rate: 0.1' 'items: 10' 'seeds: 400'
agree 48 12 -- 'generations: 6' 'family: regression' 'source: linear' 'inputs: 5' 'input_variance: 3' \
    'noise_variance: 2' 'known_variance: 2' 'items: 40' 'seeds: 400' 'policies: [replace, accumulate]'
# Samples that grow, and the control's that do not: 5 forms of each, 1 of symbols and 1 of a regression.
for estimator in mle unbiased; do
    agree 60 0 -- 'generations: 6' 'family: gaussian' "estimator: $estimator" 'variance: 4' 'items: 60' \
        'seeds: 400' 'policies: [replace]' 'growth: linear:0.5'
done
agree 40 0 -- 'generations: 4' 'family: gaussian' 'items: 60' 'seeds: 400' 'policies: [replace]' \
    'growth: geometric:1.3'
agree 12 0 -- 'generations: 6' 'family: discrete' 'source: zipf' 'types: 50' 'items: 40' 'seeds: 400' \
    'metric_items: 50' 'policies: [replace]' 'growth: power:0.5'
agree 24 0 -- 'generations: 6' 'family: regression' 'source: linear' 'inputs: 5' 'items: 40' \
    'noise_variance: 1' 'known_variance: 1' 'design: fresh' 'seeds: 400' 'policies: [replace]' 'growth: linear:0.5'

# Where nothing is left to lose: the likeliest Gaussian is as far off as it can be, one type is left, and 0
# or 1 is with the chance that it began with.
measure likeliest 'family: gaussian' 'estimator: mle' 'items: 4' 'seeds: 400' 'generations: 60' 'control: false' \
    'policies: [replace]'
[ "$(count limit reached)" -eq 2 ] || fail "the likeliest Gaussian has no limit"
measure ended 'family: bernoulli' 'source: bernoulli' 'probability: 0.25' 'items: 4' 'seeds: 400' \
    'generations: 60' 'control: false' 'policies: [replace]'
[ "$(count limit reached)" -eq 1 ] || fail "0 and 1 are not as likely as they were"
measure one 'family: discrete' 'source: zipf' 'types: 5' 'items: 4' 'seeds: 100' 'generations: 60' \
    'control: false' 'policies: [replace]'
[ "$(count limit reached)" -eq 1 ] || fail "more than one type is left"

# What is known to leading order alone.
measure about 'family: regression' 'source: linear' 'inputs: 5' 'items: 400' 'seeds: 200' \
    'generations: 6' 'policies: [accumulate-subsample]' 'control: false'
[ "$(count about agrees)" -eq 12 ] || fail "accumulate-subsample is not as it was published"
[ "$(count limit 'not yet')" -eq 10 ] || fail "a limit has a verdict before the end"

# A limit of many items is another than that of 5, and how far the run is from it stands at the end.
measure limit 'family: gaussian' 'estimator: unbiased' 'items: 5' 'seeds: 20000' 'generations: 20' \
    'control: false' 'policies: [fresh:0.4]'
[ "$(count exact agrees)" -eq 40 ] || fail "a loop with fresh items is not as derived"
[ "$(count limit 'not reached')" -eq 1 ] || fail "2 - p holds for 5 items"
accepts theory limit
grep -q '^No form differs from the run.$' out || fail "a limit counts as a difference"
grep -q '^Limits that the run is not at: 1$' out || fail "the limit is not named"

# Settings that differ between arms.
measure vary 'family: gaussian' 'items: [20, 50]' 'estimator: [mle, unbiased]' 'seeds: 60' \
    'generations: 2' 'control: false' 'policies: [replace]'
for form in 'mle M=20' 'mle M=50' 'unbiased M=20' 'unbiased M=50'; do
    grep -q "gaussian-variance estimator=$form,.*,agrees," theory.csv || fail "no $form"
done

# Means that few seeds carry are no disagreement, and neither is the sample without these seeds.
measure heavy 'family: gaussian' 'estimator: unbiased' 'items: 10' 'seeds: 40' 'generations: 300' \
    'control: false' 'policies: [replace]'
rows | grep ',differs,' && fail "a heavy tail is taken for a difference"
rows | grep '^x,variance_ratio,.*,299,40,.*,too few seeds,' | grep -q 'exact' ||
    fail "a heavy tail is not seen"
rows | grep -q '^x,log_variance,gaussian.*,299,40,.*,agrees,' || fail "the logarithm is no way out"
accepts theory heavy
grep -q 'too few seeds, wanted' out || fail "it is not said how many seeds would do"
awk 'length > 100 { exit 1 }' out || fail "the table is wider than 100 columns"

# A published number that is not what is measured: by how much, in its place and at the end.
measure leading 'family: gaussian' 'estimator: unbiased' 'items: 5' 'seeds: 40000' 'generations: 3' \
    'control: false' 'policies: [replace]'
[ "$(count exact differs)" -eq 0 ] || fail "theory does not hold"
[ "$(count about differs)" -gt 0 ] || fail "3n/2M is not told from the exact sum"
accepts theory leading
grep -q '^Forms that differ from the run: 1$' out || fail "no list of differences"
sed -n '/^Forms that differ/,$p' out | grep -qE ': measured .*, expected .*, [+][0-9.]+ %, [+][0-9.]+ se$' ||
    fail "it is not said by how much"
grep -q '^Every generation: .*wellspring theory leading -o theory.csv$' <(joined out) || fail "no next step"

accepts theory leading --json
grep -q '"verdict": "differs"' out || fail "no JSON"
grep -q '"source": "Shumailov et al. 2023, arXiv 2305.17493; not verified"' out || fail "no source"
grep -A9 '"gaussian-w2-squared ' out | grep -q '"source": "derived"' || fail "the exact sum is said to be published"

# Bounds of a vocabulary, by the counts of its corpus, as long as that is there.
make_corpus 4000 >corpus.txt
measure words 'family: discrete' 'source: words' 'corpus: corpus.txt' 'items: 0' 'seeds: 20' \
    'generations: 5' 'control: false' 'policies: [replace]'
[ "$(count at-least agrees)" -eq 5 ] || fail "the vocabulary is below its bound"
[ "$(count at-most agrees)" -eq 5 ] || fail "the vocabulary is above its bound"
measure bigrams 'family: ngram' 'order: 2' 'source: text' 'corpus: corpus.txt' 'block: 16' 'items: 200' \
    'seeds: 5' 'generations: 3' 'control: false' 'policies: [replace]' 'test_items: 20'
[ "$(count at-least agrees)" -eq 3 ] || fail "bigrams are below the bound"
grep -q 'not proved' theory.csv || fail "what is not proved is not said to be so"
printf 'another text\n' >>corpus.txt
refuses 1 "want its corpus: it is another" -- theory bigrams
rm corpus.txt
refuses 1 "want its corpus" "corpus.txt" -- theory bigrams

# Where the noise is taken for another, or nothing is known, no form is.
measure_none() {
    printf '%s\n' "$@" 'seeds: 2' 'generations: 2' 'control: false' >other.yaml
    rm -rf other
    accepts run other.yaml -q -o other
    refuses 1 "no closed form is known" -- theory other
}
measure_none 'family: regression' 'source: linear' 'items: 40' 'noise_variance: 2'
measure_none 'family: regression' 'source: linear' 'items: 40' 'design: fresh' 'input_variance: 2'
measure_none 'family: gaussian' 'items: 40' 'growth: linear:0.5' 'policies: [accumulate]'
measure_none 'family: gaussian' 'items: 40' 'policies: [window:2, "replace|oversample:2|keep-surprising:0.5"]'
measure_none 'family: gaussian' 'items: 40' 'fit_to: populations' 'policies: [replace]'
refuses 2 "which run" -- theory
refuses 1 "run.json" -- theory nowhere
finish
