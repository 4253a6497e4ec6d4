# Exports: both formats, records and summary, and outputs that cannot be written.
. "$(dirname "$0")/lib.bash"

printf 'family: gaussian\nitems: 20\ngenerations: 4\nseeds: 3\npolicies: [replace, keep:0.5]\n' >g.yaml
accepts run g.yaml -q -o g

rows() {
    wc -l <"$1"
}

accepts export g
mv out records.csv
check "a head" grep -q $'^arm,seed,generation,metric,definition,n,value,floor\r$' records.csv
check "ten records of each generation of each seed" test "$(rows records.csv)" -gt $((3 * 3 * 4 * 5))
check "eight fields" awk -F, 'NF != 8 {exit 1}' records.csv
check "every arm" test "$(tail -n +2 records.csv | cut -d, -f1 | sort -u | tr '\n' ' ')" = \
    "control keep:0.5 replace "
accepts export g --format jsonl
mv out records.jsonl
check "a line for each record" test "$(rows records.csv)" -eq $(($(rows records.jsonl) + 1))
check "each an object" test "$(grep -c '^{"arm":".*","seed":[0-9]*,"generation":.*}$' records.jsonl)" -eq \
    "$(rows records.jsonl)"
accepts export g --summary
check "a head of the summary" grep -q \
    '^arm,generation,metric,definition,n,seeds,median,low,high,mean,standard_error' out
check "one row for three seeds" test \
    "$(grep -c '^replace,3,variance_ratio,variance-ratio.truth/1,20,3,' out)" -eq 1
cp out summary.csv
accepts export g -s -f jsonl
check "as many rows" test $(($(rows summary.csv) - 1)) -eq "$(rows out)"

# Theory stands behind each curve that it is known of: a mean, and a bound on a median.
theory=replace,3,theory
check "theory beside the curve" grep -q \
    "^$theory/exact/variance_ratio,gaussian-variance estimator=unbiased M=20,0,0,nan,nan,nan,1,nan,nan" summary.csv
check "a bound on the median" grep -qE \
    "^$theory/at-most/variance_ratio,gaussian-median-bound M=20,0,0,3[.][0-9]*,nan,nan,nan,nan,nan" summary.csv
check "behind its curve" awk -F, '
    $1 == "replace" && $3 ~ /variance_ratio$/ && $3 !~ /^theory/ { last = NR }
    $1 == "replace" && $3 == "theory/exact/variance_ratio" && !first { first = NR }
    END { exit first != last + 1 }' summary.csv

# The median of three seeds is the middle one.
middle=$(grep '^replace,[0-9]*,3,variance_ratio,' records.csv | tr -d '\r' | cut -d, -f7 |
    sort -g | sed -n 2p)
check "the median" grep -q "^replace,3,variance_ratio,variance-ratio.truth/1,20,3,$middle," summary.csv

# Files: the name says the format, and nothing is left half done.
accepts export g -o g.jsonl
check "by its name" cmp g.jsonl records.jsonl
accepts export g -o g.csv
check "in a file or on stdout" cmp g.csv records.csv
refuses 2 "--format is 'txt'" "csv, jsonl or parquet" -- export g -o g.txt
refuses 2 "--format is 'xml'" -- export g --format xml
refuses 1 "'no/where.csv'" "No such file" -- export g -o no/where.csv
accepts export g -f csv -o /dev/stdout
check "through a link to stdout" cmp out records.csv
accepts export g -f csv -o /dev/null
[ -c /dev/null ] || fail "/dev/null was replaced"
refuses 1 "'/dev/full'" "No space left" -- export g -f csv -o /dev/full
[ -c /dev/full ] || fail "/dev/full was replaced"
[ -z "$(find . -name '*.tmp-*')" ] || fail "drafts were left"

for command in "export g" "export g -s -f jsonl" "runs . --json" "plan g.yaml" "plan g.yaml --json" \
    "run g.yaml -q -o g --json" "--help" "export --help" "--version" "lookup --help" "ledger monitor --help"; do
    $ws $command >/dev/full 2>err
    [ $? -eq 1 ] || fail "'$command' into a full device was fine"
    says "standard output"
done

# Runs that are not there, or not yet
refuses 1 "no run in 'nowhere'" "'wellspring runs'" -- export nowhere
refuses 1 "no run in '.'" -- export .
refuses 2 "which run?" -- export
refuses 2 "unexpected argument 'h'" -- export g h
cp -r g half
rm half/summary
refuses 1 "'half' has no metrics yet" -- export half
refuses 1 "'half' has no metrics yet" -- export half --summary
cp -r g torn
truncate -s 300 torn/summary
refuses 1 "torn/summary" "hash" -- export torn --summary
truncate -s 300 torn/arms/replace/seeds-1-64.checkpoint
runs export torn -o torn.csv || fail "one arm's damage stopped the others: $(cat err)"
says "left out arm 'replace' seed 1-3" "torn/arms/replace/seeds-1-64.checkpoint" "hash"
check "all of the others" cmp <(grep -v '^replace,' records.csv) torn.csv
for arm in $(ls torn/arms); do
    truncate -s 300 "torn/arms/$arm"/*.checkpoint
done
runs export torn -o none.csv && fail "nothing was exported"
check "it says that nothing is left" grep -q "^wellspring: no records of the run in 'torn' can be read" err
check "and leaves no file" test ! -e none.csv
cp -r g other
printf '\x09' | dd of=other/summary bs=1 seek=8 conv=notrunc status=none
refuses 1 "other/summary" "version 9" -- export other --summary

# A damaged part: the run that goes on cannot be summed up, says so, and shows nothing old.
printf 'family: discrete\nsource: zipf\ntypes: 9\nitems: 20\ngenerations: 260\nseeds: 2\n' >parts.yaml
accepts run parts.yaml -q -o parts
part=$(echo parts/arms/replace/seeds-1-64.steps-0-*) # how many steps a part has depends on the build
printf X | dd of=$part bs=1 seek=300 conv=notrunc 2>dd.err
refuses 1 "$part" -- run parts.yaml -q -o parts --set generations=262
check "it failed" grep -q '"state": "failed"' parts/run.json
check "with an end in its events" grep -q 'failed: no summary' parts/events.log
refuses 1 "no metrics yet" -- export parts --summary
rm $part parts/arms/replace/seeds-1-64.checkpoint
accepts run parts.yaml -q -o parts --set generations=262
accepts export parts --summary

finish
