# Which error lost what: experiments of which the answer is known.
. "$(dirname "$0")/lib.bash"

# ROWS ARM METRIC COLUMN: a number of a CSV file of shares.
number() {
    awk -F, -v arm="\"$2\"" -v metric="$3" -v column="$4" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i }
        NR > 1 && $1 == arm && $2 == metric { print $at }' "$1"
}

# Whether NUMBER compares: is "EXPRESSION of a b c" a b c
is() {
    awk -v a="$2" -v b="${3:-0}" -v c="${4:-0}" "BEGIN { exit !($1) }" ||
        fail "not so: $1 for $2 ${3:-} ${4:-}"
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
accepts attribute mixed.yaml -q -o rows.csv
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

make_corpus 2000 >corpus.txt
cat >text.yaml <<'END'
family: ngram
source: text
corpus: corpus.txt
block: 16
items: 50
test_items: 20
generations: 2
END
refuses 1 "the truth behind source 'text' is not known" -- attribute text.yaml
refuses 2 "--generation is '9'" "0 to 4" -- attribute normal.yaml -g 9
refuses 2 "--factor is '1'" -- attribute normal.yaml --factor 1
refuses 1 "no metric 'nonsense'" -- attribute normal.yaml -q --metric nonsense
refuses 2 "accumulate" "no law that is known" -- run normal.yaml --fit_to populations \
    --policies accumulate
printf 'family: kde\nsource: normal\nitems: 5\nfit_to: populations\n' >kde.yaml
refuses 2 "'kde' cannot be fitted to a population" -- run kde.yaml
finish
