# Regressions and means of counts: experiments on the data made for them, and what they refuse.
. "$(dirname "$0")/lib.bash"

all=replace,keep:0.25,mix:0.5:0.25:0.25,accumulate,accumulate-subsample,augment,fresh:0.1
common="items: 40\ntest_items: 20\ngenerations: 4\nseeds: 3\n"
printf 'family: regression\nsource: linear\ninputs: 3\n'"$common" >regression.yaml
printf 'family: logistic\nsource: two-class\ninputs: 3\nlabel_noise: 0.2\nridge: 0.01\n'"$common" \
    >logistic.yaml
printf 'family: bernoulli\nsource: bernoulli\nprobability: 0.2\n'"$common" >bernoulli.yaml
printf 'family: poisson\nsource: poisson\nrate: 2\n'"$common" >poisson.yaml

# Metrics of each, and the same bytes for any number of threads, resumed or not.
metrics_of() {
    case $1 in
    regression) echo excess_risk design_risk weight_error_squared test_nll ;;
    logistic) echo accuracy accuracy_truth test_nll ;;
    bernoulli) echo alive both_alive count_mean ;;
    *) echo alive count_mean ;;
    esac
}
for family in regression logistic bernoulli poisson; do
    accepts run $family.yaml -q -o $family --policies $all --threads 1
    accepts run $family.yaml -q -o $family-grown --policies $all --threads 3 --generations 2
    accepts run $family.yaml -q -o $family-grown --policies $all --threads 3
    check "$family: the same bytes" same_runs $family $family-grown
    records $family >$family.jsonl
    for metric in $(metrics_of $family); do
        grep -q "\"metric\":\"$metric\"" $family.jsonl || fail "$family: no $metric"
    done
    accepts plan $family.yaml
done
accepts run regression.yaml -q -o fresh --set design=fresh --set sample_noise=estimated
accepts run logistic.yaml -q -o likeliest --set design=fresh --set design_separation=1 \
    --set labels=likeliest

# Symbols are what Bernoulli and discrete share.
accepts run bernoulli.yaml -q -o discrete --set family=discrete

# Data that do not fit
printf 'family: regression\nsource: normal\nitems: 40\n' >normal.yaml
refuses 2 normal.yaml:3 "family 'regression' got vectors of dimension 1" "the target last" -- \
    plan normal.yaml
printf 'family: bernoulli\nsource: uniform\n' >uniform.yaml
refuses 2 "family 'bernoulli' takes 2 types, not 10" -- plan uniform.yaml
printf 'family: logistic\nsource: linear\nitems: 20\nridge: 1\n' >linear.yaml
refuses 1 "wanted a label, 0 or 1" -- run linear.yaml -q -o no-labels

# Fits that have no answer without a ridge
refuses 2 "has 50 inputs and needs at least 50 items without a ridge, not 40" -- \
    plan regression.yaml --set inputs=50
accepts plan regression.yaml --set inputs=50 --set ridge=0.1
refuses 1 "a plane separates the labels of all 5 items" "ridge" -- \
    run logistic.yaml -q -o separable --set ridge=0 --set items=5

# Settings that the others leave without effect
refuses 2 "'design_variance' has no meaning for a fixed design" -- \
    plan regression.yaml --set design_variance=2
refuses 2 "'known_variance' has no meaning where the noise is estimated" -- \
    plan regression.yaml --set sample_noise=estimated --set known_variance=2
refuses 2 "'inputs' has no meaning for source 'normal'" -- plan normal.yaml --set inputs=2

finish
