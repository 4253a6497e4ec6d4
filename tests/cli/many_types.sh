# 10^8 symbols of which a chain sees a hundredth: time and memory go with what is seen.
. "$(dirname "$0")/lib.bash"

cat >many.yaml <<'END'
family: discrete
source: zipf
types: 100000000
items: 200000
test_items: 20000
policies: [replace, keep:0.1, fresh:0.5, accumulate]
generations: 3
seeds: 1
threads: 1
END

# One table of them would be 800 MB. What is left is mostly addresses that libraries reserve, one
# of them for each thread that it believes it needs; sanitizers reserve more than there is.
$sanitized || ulimit -v 1000000
for source in zipf uniform; do
    accepts run many.yaml -q -o $source --set source=$source
    records $source >$source.jsonl
    check "$source: every arm has every generation" test \
        "$(grep -c '"metric":"mass_lost_truth"' $source.jsonl)" -eq 15
done

# The truth of the types that a sample lacks is what a held-out sample says, to 4 standard errors.
cat >lost.awk <<'AWK'
/"metric":"mass_lost"/ {lost = value()}
/"metric":"mass_lost_truth"/ {
    off = lost - value()
    if (off * off > 16 * lost * (1 - lost) / 20000) {print; exit 1}
    seen++
}
function value() {
    match($0, /"value":[0-9.e-]+/)
    return substr($0, RSTART + 8, RLENGTH - 8)
}
END {if (seen != 15) exit 1}
AWK
check "zipf: the truth" awk -f lost.awk zipf.jsonl
check "uniform: the truth" awk -f lost.awk uniform.jsonl

finish
