# Curves beside the closed forms that are known for them. Seeds and generations were chosen before.
. "$(dirname "$0")/lib.bash"

agree() { # agree CURVES GENERATIONS -- SETTINGS...: a run of them agrees everywhere
    local curves=$1 generations=$2
    shift 3
    rm -rf made
    printf '%s\n' "generations: $generations" "$@" >made.yaml
    accepts run made.yaml -q -o made
    accepts theory made -o theory.csv
    [ "$(($(wc -l <theory.csv) - 1))" -eq $((curves * generations)) ] ||
        fail "$(($(wc -l <theory.csv) - 1)) rows of: $*"
    ! grep -v '^arm\|,agrees$' theory.csv || fail "no agreement of: $*"
}

agree 6 5 -- 'family: gaussian' 'estimator: mle' 'variance: 4' 'items: 100' 'seeds: 400' \
    'policies: [replace, accumulate]'
agree 4 5 -- 'family: gaussian' 'estimator: unbiased' 'items: 50' 'seeds: 400' 'policies: [replace]'
agree 2 10 -- 'family: discrete' 'source: zipf' 'types: 50' 'items: 100' 'seeds: 400' \
    'policies: [replace, accumulate]'
agree 1 6 -- 'family: bernoulli' 'source: bernoulli' 'probability: 0.05' 'items: 20' 'seeds: 400'
agree 1 6 -- 'family: poisson' 'source: poisson' 'rate: 0.1' 'items: 10' 'seeds: 400'
agree 2 6 -- 'family: regression' 'source: linear' 'inputs: 5' 'noise_variance: 2' \
    'known_variance: 2' 'items: 40' 'seeds: 400' 'policies: [replace, accumulate]'
accepts theory made
grep -q '6 of 6 generations agree' out || fail "no table"

# Where the noise is taken for another, no form is known.
printf '%s\n' 'family: regression' 'source: linear' 'items: 40' 'noise_variance: 2' 'seeds: 2' \
    'generations: 2' >other.yaml
accepts run other.yaml -q -o other
refuses 1 "no closed form is known" -- theory other
refuses 2 "which run" -- theory
finish
