# Comparing runs, and the arms of one.
. "$(dirname "$0")/lib.bash"

printf 'family: gaussian\nitems: 20\ngenerations: 4\nseeds: 8\npolicies: [replace, keep:0.5, accumulate]\n' >g.yaml
accepts run g.yaml -q -o g
accepts run g.yaml -q -o mle --set estimator=mle --set seeds=5 --set threads=1
accepts run g.yaml -q -o large --set items=40 --set seeds=3 --set generations=3 --set policies=replace

fits() {
    # Bytes that continue a character take no column.
    check "'$1' is at most 100 columns wide" \
        awk '{gsub(/[\200-\277]/, "")} length > 100 {print; exit 1}' out
}

# One run: its arms against the control, by the seeds of both.
accepts compare g
fits "compare g"
check "the last generation" grep -q '^generation 3: medians over seeds; differences to the control$' out
check "a head with definition and n" grep -q '^variance_ratio (variance-ratio.truth/1, n = 20)$' out
check "pairs" test "$(grep -c '^replace .* 8 pairs$' out)" -eq 4
check "what does not compare" test "$(grep -c '^accumulate .* not comparable: n is 80 and 20$' out)" -eq 4
check "the control has no difference" grep -Eq '^control +8 +[0-9.e-]+ +[0-9.e-]+ .. [0-9.e-]+ ?$' out
check "the parts are left out" test "$(grep -c '^mix' out)" -eq 0
next=$(joined out | sed -n 's/^Next: //p')
bash -c "$next" >every 2>err || fail "it cannot be pasted: $next"
check "every metric" grep -q '^log_variance ' every

# Beside every metric of a sample stands what another human sample scores, that of parameters has none.
accepts run g.yaml -q -o samples --set metric_items=100 --set test_items=20 --set seeds=3 --set policies=replace
accepts compare samples --metric precision,w2_squared
floor=$("$ws" export samples --summary | awk -F, '$1 == "replace" && $2 == 3 && $3 == "precision" { printf "%.3g", $12 }')
check "the noise floor" grep -qx "another human sample: $floor" out
check "one of two metrics has it" test "$(grep -c '^another human sample' out)" -eq 1
accepts compare samples samples --metric precision
check "that of each run" grep -qx "another human sample, run 2: $floor" out
accepts compare samples --metric precision --json
check "the noise floor in JSON" grep -Eq "\"floor\": ${floor%0}" out

# The median of 8 seeds lies between the 4th and the 5th; the 1st to the 8th cover it.
values() { # RUN ARM GENERATION METRIC: by seed
    "$ws" export "$1" -f jsonl |
        grep "\"arm\":\"$2\",.*\"generation\":$3,\"metric\":\"$4\"" |
        sed 's/.*"seed":\([0-9]*\),.*"value":\([^,}]*\).*/\1 \2/' | sort -n | cut -d' ' -f2
}
accepts compare g --json
cp out g.json
number() { # ROW-FILTER PATH
    python3 -c '
import json, sys
rows = json.load(open(sys.argv[1]))["rows"]
row = [r for r in rows if (r["metric"], r["arm"], r["run"]) == (sys.argv[2], sys.argv[3], int(sys.argv[4]))][0]
for key in sys.argv[5].split("."):
    row = row[key]
print(row)' "$@"
}
same() { # WHAT A B: the same number
    awk -v a="$2" -v b="$3" 'BEGIN {exit !(a - b < 1e-12 && b - a < 1e-12)}' || fail "$1: $2 is not $3"
}
if command -v python3 >/dev/null; then
    median=$(values g replace 3 variance_ratio | sort -g | awk 'NR == 4 || NR == 5 {s += $1} END {printf "%.17g", s / 2}')
    same "the median" "$(number g.json variance_ratio replace 0 over_seeds.median)" "$median"
    same "its smallest" "$(number g.json variance_ratio replace 0 over_seeds.low)" \
        "$(values g replace 3 variance_ratio | sort -g | head -n 1)"
    same "its level" "$(number g.json variance_ratio replace 0 over_seeds.level)" 0.9921875
    paste <(values g replace 3 variance_ratio) <(values g control 3 variance_ratio) |
        awk '{printf "%.17g\n", $1 - $2}' | sort -g >differences
    same "the median difference" "$(number g.json variance_ratio replace 0 difference.median)" \
        "$(awk 'NR == 4 || NR == 5 {s += $1} END {printf "%.17g", s / 2}' differences)"
    same "its largest" "$(number g.json variance_ratio replace 0 difference.high)" "$(tail -n 1 differences)"
    check "parts are in the JSON" test "$(number g.json mix/human replace 0 over_seeds.median)" = 0.0
    check "why not" test "$(number g.json variance_ratio accumulate 0 difference.not_comparable)" = "n is 80 and 20"
fi

# Several runs: settings that differ, then the same arms.
accepts compare g mle large
fits "compare g mle large"
check "the last that all have" grep -q '^generation 2: .* to the same arm of run 1$' out
check "a setting" grep -Eq '^estimator +unbiased +mle +unbiased$' out
check "no execution setting" test "$(grep -c '^threads' out)" -eq 0
check "a list on lines of its own" grep -q '^  3  replace$' out
check "pairs of the common seeds" test "$(grep -c '^ *2 *5 .* 5 pairs$' out)" -eq 16
check "too few seeds are marked" grep -q '^\* too few seeds ' out
check "and how sure that is" grep -q '^  with 75 % or more' out
check "other sizes" test "$(grep -c '^ *3 *3 .* not comparable: n is 40 and 20$' out)" -eq 8
accepts compare g g --metric variance_ratio
check "no settings differ" grep -q 'the same settings and inputs' out
check "one metric" test "$(grep -c ' n = 20)$' out)" -eq 1
check "no difference to itself" grep -Eq '^ +2 +8 .* 0 +0 .. 0  8 pairs$' out
accepts compare g mle -g 1 -m variance_ratio,mix/human
check "an earlier generation" grep -q '^generation 1:' out
check "a share" grep -q '^mix/human (mix.items/1, n = 20)$' out

# Without a control an arm of a single run has nothing to be compared with.
printf 'family: discrete\nsource: uniform\ntypes: 3\nitems: 4\ngenerations: 60\nseeds: 9\npolicies: replace\ncontrol: false\n' >d.yaml
accepts run d.yaml -q -o d
accepts compare d -m all
check "without a control there is no difference" test "$(grep -c pairs out)" -eq 0

refuses 2 "which runs?" "'wellspring runs'" -- compare
refuses 1 "no run in 'nowhere'" -- compare g nowhere
refuses 2 "no metric 'variance_ration' here" "'variance_ratio'" -- compare g -m variance_ration
refuses 2 "no metric 'x' here" "--metric all" -- compare g -m x
refuses 1 "generation 4 was not measured by the run" "the last is 3" -- compare g -g 4
refuses 1 "generation 3 was not measured by all of the runs" -- compare g large -g 3
refuses 2 "--generation" "'two'" -- compare g --generation two
mkdir half
cp g/run.json half
refuses 1 "'half' has no metrics yet" -- compare g half

finish
