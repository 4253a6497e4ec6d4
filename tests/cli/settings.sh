# Settings: what an experiment file or the command line may say, and how mistakes are told.
. "$(dirname "$0")/lib.bash"

cat >good.yaml <<'END'
# A comment.
title: "small: a test"
family: discrete

source: zipf
types: 20
items: 50
policies: [replace, "keep:0.1"]
generations: 2
seeds: 2
END

# The good file with line NUMBER replaced by TEXT.
with_line() {
    awk -v number="$1" -v text="$2" 'NR == number {print text; next} {print}' good.yaml >bad.yaml
}

accepts plan good.yaml
check "title" grep -q '^good: small: a test' out
check "arms" grep -q '^3 arms x 2 seeds x 2 generations of family discrete' out

# Names
with_line 9 "generatoins: 2"
refuses 2 bad.yaml:9 "unknown setting 'generatoins'" "did you mean 'generations'?" -- plan bad.yaml
with_line 9 "colour: red"
refuses 2 bad.yaml:9 "unknown setting 'colour'" -- plan bad.yaml
with_line 9 "estimator: mle"
refuses 2 bad.yaml:9 "'estimator' belongs to family 'gaussian'" "'discrete'" -- plan bad.yaml
with_line 9 "corpus: x.txt"
refuses 2 bad.yaml:9 "'corpus'" "source 'zipf'" -- plan bad.yaml
with_line 9 "seeds: 3"
refuses 2 bad.yaml:10 "'seeds' is given twice" "line 9" -- plan bad.yaml
with_line 3 "# no family"
refuses 2 bad.yaml "'family' is missing" discrete gaussian ngram -- plan bad.yaml
with_line 3 "family: gausian"
refuses 2 bad.yaml:3 "unknown family 'gausian'" "did you mean 'gaussian'?" -- plan bad.yaml

# Values
with_line 9 "generations: 0"
refuses 2 bad.yaml:9 "'generations' is '0'" "a whole number from 1 to" -- plan bad.yaml
with_line 9 "generations: 1e30"
refuses 2 bad.yaml:9 "'generations' is '1e30'" -- plan bad.yaml
with_line 9 "generations: 2.5"
refuses 2 bad.yaml:9 "'generations' is '2.5'" "whole number" -- plan bad.yaml
with_line 9 "generations: many"
refuses 2 bad.yaml:9 "'generations' is 'many'" "whole number" -- plan bad.yaml
with_line 9 "generations: -1"
refuses 2 bad.yaml:9 "'generations' is '-1'" -- plan bad.yaml
with_line 9 "generations:"
refuses 2 bad.yaml:9 "'generations' has no value" -- plan bad.yaml
with_line 9 "exponent: .nan"
refuses 2 bad.yaml:9 "'exponent' is '.nan'" "a number from 0 to 100" -- plan bad.yaml
with_line 9 "control: maybe"
refuses 2 bad.yaml:9 "'control' is 'maybe'" "true or false" -- plan bad.yaml
with_line 5 "source: zip"
refuses 2 bad.yaml:5 "'source' is 'zip'" "text, words, csv, npy, uniform, zipf, bernoulli, poisson" "did you mean 'zipf'?" \
    -- plan bad.yaml
with_line 9 "growth: linear"
refuses 2 bad.yaml:9 "'growth' is 'linear'" "linear:RATE" -- plan bad.yaml

# The form of the file
with_line 9 "data: {types: 3}"
refuses 2 bad.yaml:9 "a mapping inside" -- plan bad.yaml
with_line 8 "policies: [replace, [keep]]"
refuses 2 bad.yaml:8 "a list inside" -- plan bad.yaml
with_line 8 "policies: [replace, 'keep:0.1, augment']"
refuses 2 bad.yaml:8 "items without ','" -- plan bad.yaml
with_line 8 "policies: [replace"
refuses 2 bad.yaml: -- plan bad.yaml
with_line 9 "	generations: 2"
refuses 2 bad.yaml:9 -- plan bad.yaml
with_line 9 "generations: &two 2"
refuses 2 bad.yaml:9 "anchor '&two'" -- plan bad.yaml
with_line 9 "generations: !!int 2"
refuses 2 bad.yaml:9 "tag" -- plan bad.yaml
printf -- '- family\n' >bad.yaml
refuses 2 bad.yaml:1 "'name: value'" -- plan bad.yaml
: >bad.yaml
refuses 2 bad.yaml "is empty" -- plan bad.yaml
printf 'family: discrete\n---\nseeds: 2\n' >bad.yaml
refuses 2 bad.yaml:2 "second document" -- plan bad.yaml
printf 'family: discrete\ntitle: "\xff"\n' >bad.yaml
refuses 2 bad.yaml:2 -- plan bad.yaml
head -c 3000 "$ws" >bad.yaml
refuses 2 bad.yaml -- plan bad.yaml
head -c 2000000 /dev/zero >bad.yaml
refuses 2 bad.yaml bytes -- plan bad.yaml

# The file itself
refuses 2 "no file and no preset 'quikstart'" "did you mean 'quickstart'?" -- plan quikstart
refuses 2 "no file and no preset 'nothing.yaml'" quickstart -- plan nothing.yaml
refuses 2 "'.' is a directory" "experiment file" -- plan .
refuses 2 "which experiment?" -- plan
refuses 2 "which experiment?" -- run
refuses 2 "unexpected argument 'b.yaml'" -- plan good.yaml b.yaml

# The command line
refuses 2 "--set" "unknown setting 'sedes'" "did you mean 'seeds'?" -- plan good.yaml --set sedes=3
refuses 2 "--set" "'seeds' is '0'" -- plan good.yaml --set seeds=0
refuses 2 "--set" "'seeds' is ''" -- plan good.yaml --set seeds=
refuses 2 "--set: 'seeds' is not of the form name=value" -- plan good.yaml --set seeds
refuses 2 "--set: '=3' is not of the form name=value" -- plan good.yaml --set =3
refuses 2 "'--set' wants a value" -- plan good.yaml --set
refuses 2 "'--seeds' wants a value" -- plan good.yaml --seeds
refuses 2 "unknown option '--sedes'" "did you mean '--seeds'?" -- plan good.yaml --sedes 3
refuses 2 "unknown option '--jsno'" "did you mean '--json'?" -- plan good.yaml --jsno
refuses 2 "unknown option '-x'" -- plan good.yaml -x
refuses 2 "'--json' takes no value" -- plan good.yaml --json=yes
refuses 2 "--set" "'estimator' belongs to family 'gaussian'" -- plan good.yaml --estimator mle
refuses 2 "--set" "'title'" -- plan good.yaml --set title=$'\xff'
refuses 2 "--set" "'title'" -- plan good.yaml --set title=$'two\nlines'

# Later ones win: defaults, then the file, then the command line in its order.
accepts plan good.yaml --set generations=3
check "--set wins over the file" grep -q 'x 3 generations' out
accepts plan good.yaml --generations 3
check "--generations 3" grep -q 'x 3 generations' out
accepts plan good.yaml --generations=3 --set generations=4
check "the last one wins" grep -q 'x 4 generations' out
accepts plan good.yaml --set policies=replace,augment,accumulate --set control=no
check "a list" grep -q '^3 arms' out
accepts plan good.yaml --metric-items 1k --measure-every 2
accepts plan good.yaml --set family=gaussian --set source=normal --set types=20 --help
printf 'family: gaussian\nitems: 5\n' >short.yaml
accepts plan short.yaml
check "defaults" grep -q '^2 arms x 5 seeds x 10 generations of family gaussian' out

finish
