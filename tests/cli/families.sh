# Families and data that do not fit each other.
. "$(dirname "$0")/lib.bash"

make_corpus 2000 >corpus.txt
printf 'family: gaussian\nsource: text\ncorpus: corpus.txt\nblock: 50\nitems: 10\n' >a.yaml
refuses 2 a.yaml:1 "family 'gaussian' takes vectors" "source 'text' gives token sequences" -- \
    run a.yaml -q -o x
printf 'seeds: 2\nfamily: ngram\nsource: zipf\n' >b.yaml
refuses 2 b.yaml:2 "family 'ngram' takes token sequences" "source 'zipf' gives counts" -- \
    run b.yaml -q -o x
printf 'family: ngram\n' >c.yaml
refuses 2 c.yaml:1 "family 'ngram'" "source 'normal' gives vectors" -- run c.yaml -q -o x
printf 'family: discrete\nsource: text\ncorpus: corpus.txt\nblock: 50\nitems: 10\n' >d.yaml
refuses 2 d.yaml:1 "family 'discrete' takes symbols or counts" "token sequences" -- plan d.yaml
printf 'family: discrete\nsource: words\ncorpus: corpus.txt\nitems: 500\ntest_items: 500\n' >e.yaml
accepts plan e.yaml
refuses 2 "--set: family 'gaussian'" "vectors" -- plan e.yaml --set family=gaussian

# Too little to fit
printf 'family: gaussian\nestimator: unbiased\nitems: 1\n' >one.yaml
refuses 2 one.yaml:3 "at least 2 items, not 1" "estimator=mle" -- run one.yaml -q -o x
refuses 2 "--set" "at least 2 items, not 1" -- plan one.yaml --items 1
accepts run one.yaml -q -o mle --set estimator=mle --set generations=3 --set seeds=2
refuses 2 "--set" "'items' is '0'" -- plan one.yaml --items 0
refuses 2 "--set" "'dimension' is '2000'" "from 1 to 1000" -- plan one.yaml --dimension 2000

printf 'family: gmm\ncomponents: 4\nitems: 3\n' >few.yaml
refuses 2 few.yaml "a mixture of 4 components needs at least as many items, not 3" -- run few.yaml -q -o x
refuses 1 "component 1 of 1 of a mixture has a singular covariance" "larger floor" -- \
    run few.yaml -q -o singular --set components=1 --set items=1 --set floor=0 --set dimension=2

# Points on a line: the floor holds their mixture up, and the records say so.
seq 20 | awk '{ print $1 "," 2 * $1 }' >line.csv
printf 'family: gmm\nsource: csv\ncorpus: line.csv\nitems: 0\ngenerations: 1\nseeds: 1\ncontrol: false\n' >line.yaml
accepts run line.yaml -q -o line
check "both components rest on the floor" \
    grep -q '"metric":"components_floored","definition":"components-floored/1","n":20,"value":2' <(records line)
refuses 1 "of 2 of a mixture has a singular covariance" -- run line.yaml -q -o no-floor --set floor=0
printf 'family: kde\nrule: scott\nbandwidth: 0.1\n' >rule.yaml
refuses 2 rule.yaml:3 "'bandwidth' has no meaning under a rule that finds it" -- run rule.yaml -q -o x

# Chains that can change no more skip what changes nothing, and nobody sees it.
printf 'family: discrete\nsource: zipf\ntypes: 5\nitems: 4\ngenerations: 90\nseeds: 6\n' >absorbed.yaml
printf 'policies: [replace, keep:0.25]\nmeasure_every: 4\nkeep_every: 30\n' >>absorbed.yaml
accepts run absorbed.yaml -q -o skipping
accepts run absorbed.yaml -q -o plain --set skip_absorbed=false --threads 1
check "the same bytes" same_runs skipping plain
records plain >plain.jsonl
check "one symbol is left" grep -q '"arm":"replace",.*"metric":"types",.*"value":1.0' plain.jsonl

# Settings that a transformer would ignore
printf 'family: transformer\nsource: text\ncorpus: corpus.txt\nblock: 16\nlayers: 2\n' >t.yaml
refuses 2 t.yaml:5 "'layers' has no meaning beside 'base'" -- run t.yaml -q -o x --set base=model
refuses 2 --set "'heads' has no meaning beside 'base'" -- \
    run nature-lm -q -o x --set base=model --heads 2
refuses 2 nature-lm: "'keep_best' has no meaning without validation data" "'validation_items'" -- \
    run nature-lm -q -o x --set base=model --set validation_items=0
refuses 2 --set "'patience' has no meaning without validation data" -- \
    run t.yaml -q -o x --set patience=2
[ ! -e x ] || fail "a refused experiment left a run directory"

finish
