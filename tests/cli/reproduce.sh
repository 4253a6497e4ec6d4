# Published experiments: rows that pass, fail, decide nothing, or are skipped.
. "$(dirname "$0")/lib.bash"

cat >small.yaml <<'END'
title: a small one
family: discrete
source: uniform
types: 2
control: false
experiments:
  - {name: first, items: 50, generations: 3, seeds: 400}
  - {name: second, items: 20, generations: 2, seeds: 400, policies: [replace, accumulate]}
claims:
  - title: heterozygosity falls by 1 - 1/M
    experiment: first
    metric: heterozygosity
    generation: [0, 1, 2]
    expected: heterozygosity start=0.5 M=50
    source: theory
    basis: derived
  - title: and slower where all is kept
    row: [replace, all kept]
    experiment: second
    arm: [replace, accumulate]
    metric: heterozygosity
    generation: 1
    expected: [0.45125, 0.4738125]
    expected_error: 0.001
    source: theory, in numbers
    basis: derived
END
accepts reproduce small.yaml -q
check "the totals" grep -q '^5 rows decide: 5 pass, 0 fail' out
runs reproduce small.yaml
check "a table" test "$(grep -c '  pass$' out)" -eq 5
check "at most 80 columns" awk '/^[0-9]+ rows decide/ {exit} length > 80 {print; exit 1}' out
check "labels of rows" grep -q '^  all kept ' out
check "how the number is known" grep -qF 'theory, in numbers (derived; tolerance 4 se)' out
check "progress" grep -q '^100 % done' err
check "what comes next" grep -qF 'reproduce small.yaml --runs runs/reproduce' <(joined out)
[ ! -e runs ] || fail "a run was left"

# As JSON; runs that are kept are not made again, and give the same rows.
accepts reproduce small.yaml -q --json --runs kept
cp out first.json
check "five rows" test "$(grep -c '"status": "pass"' out)" -eq 5
check "their members" grep -q '"standard_error": 0\.' out
check "counts" grep -q '"pass": 5' out
check "a run of each experiment" test -f kept/small/first/summary -a -f kept/small/second/summary
before=$(stat -c %Y.%i kept/small/first/arms/replace/*.checkpoint)
accepts reproduce small.yaml -q --json --runs kept
check "the same rows" cmp out first.json
check "no run was made anew" test "$before" = "$(stat -c %Y.%i kept/small/first/arms/replace/*.checkpoint)"
accepts reproduce small.yaml -q --json
check "the same in a temporary directory" cmp out first.json

# One that is wrong: exit status 3.
sed 's/M=50/M=5/' small.yaml >wrong.yaml
runs reproduce wrong.yaml
status=$?
[ $status -eq 3 ] || fail "a row that fails gave $status"
check "three fail" test "$(grep -c '  FAIL$' out)" -eq 3
check "and are counted" grep -q '^5 rows decide: 2 pass, 3 fail' out
runs reproduce wrong.yaml --json -q
status=$?
[ $status -eq 3 ] || fail "a row that fails gave $status with --json"
check "fail in JSON" test "$(grep -c '"status": "fail"' out)" -eq 3

# From memory: shown, and decides nothing, right or wrong.
sed 's/M=50/M=5/; 0,/basis: derived/s//basis: memory/' small.yaml >memory.yaml
accepts reproduce memory.yaml -q
check "two rows decide" grep -q '^2 rows decide: 2 pass, 0 fail.*; 3 of unverified sources$' out
runs reproduce memory.yaml
check "unverified rows" test "$(grep -c '  unverified$' out)" -eq 3
check "it says so of the source" grep -q 'theory (unverified source; ' out
accepts reproduce memory.yaml -q --json
check "unverified in JSON" test "$(grep -c '"status": "unverified"' out)" -eq 3

# Chains that are too few to show anything.
sed 's/seeds: 400/seeds: 8/' small.yaml >few.yaml
sed -i 's/metric: heterozygosity/metric: heterozygosity\n    precision: 0.001/' few.yaml
runs reproduce few.yaml
status=$?
[ $status -eq 3 ] || fail "too few chains gave $status"
check "it says why" grep -q 'too few chains' out

# A text that the user must name, and rows that take longer.
make_corpus 4000 >text.txt
cat >text.yaml <<'END'
title: of a text
family: discrete
source: words
items: 0
control: false
generations: 2
seeds: 3
experiments:
  - {name: named, needs: some-text}
  - {name: later, corpus: text.txt, tier: hours}
claims:
  - {title: words left, experiment: named, metric: support_kept, generation: 0, expected: vocabulary-least, tolerance: relative 0.1, source: a, basis: text}
  - {title: words left, experiment: later, metric: support_kept, generation: [0, 1], expected: vocabulary-least, tolerance: at least, source: a, basis: text}
END
runs reproduce text.yaml
status=$?
[ $status -eq 1 ] || fail "nothing that decides gave $status"
check "a row is skipped, and says why" grep -q 'skipped: wants --corpus some-text=FILE$' out
check "others wait" grep -q -- '--tier hours # 2 more rows$' <(joined out)
accepts reproduce text.yaml -q --corpus some-text=text.txt
check "it takes the text" grep -q '^1 rows decide: 1 pass' out
accepts reproduce text.yaml -q --tier hours --json
check "the longer ones" test "$(grep -c '"status": "pass"' out)" -eq 2
check "a reason in JSON" grep -qF '"why": "wants --corpus some-text=FILE"' out
refuses 1 "'nowhere'" -- reproduce text.yaml -q --corpus some-text=nowhere
sed 's/corpus: text.txt, tier: hours/corpus: nowhere.txt/' text.yaml >missing.yaml
runs reproduce missing.yaml --corpus some-text=text.txt
check "a corpus that is not there skips its rows" test "$(grep -c "skipped: .*nowhere.txt" out)" -eq 2

# Refusals.
refuses 2 "which preset" "reproduce all" -- reproduce
refuses 2 "no file and no preset 'gausian'" "did you mean 'gaussian'?" -- reproduce gausian
refuses 2 "no file and no preset 'xyzzyxyzzy'" "discrete" -- reproduce xyzzyxyzzy
refuses 2 "--tier is 'days'" -- reproduce small.yaml --tier days
refuses 2 "--corpus: 'x'" -- reproduce small.yaml --corpus x
echo 'title: t' >bad.yaml
refuses 2 "bad.yaml: has no 'claims'" -- reproduce bad.yaml
sed 's/generation: 1$/generation: 7/' small.yaml >bad.yaml
refuses 2 "bad.yaml:22: generation 7, experiment 'second' has 0 to 1" -- reproduce bad.yaml

finish
