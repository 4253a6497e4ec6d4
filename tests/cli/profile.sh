# The collapse profile: what theory says of scaling laws, too few seeds, what is not measured, what is
# refused. Seeds were chosen before: the exponents of a Gaussian are known to 0.2 by 200 of them.
. "$(dirname "$0")/lib.bash"

# W2 squared falls as 1/items. A model whose samples have a tenth less variance each generation ends at
# a distance that more items do not change: the law's exponent goes to 0.
cat >sizes.yaml <<'END'
family: gaussian
source: normal
items: [100, 400, 1600]
policies: [replace, "replace|biased:0.9"]
generations: 8
seeds: 200
END
accepts run sizes.yaml -q -o sizes
accepts profile sizes --json
cp out profile.json
# rows ARM DEFINITION MEMBER: the member of this row
rows() {
    awk -v arm="\"arm\": \"$1\"," -v definition="\"definition\": $2," -v member="\"$3\":" '
        index($0, "\"definition\": ") { here = index($0, definition) > 0 }
        index($0, "\"arm\": ") { mine = here && index($0, arm) > 0 }
        mine && index($0, member) { sub(/.*: /, ""); sub(/,$/, ""); print; exit }' profile.json
}
law() { # law ARM FIRST-LEAST FIRST-MOST LAST-LEAST LAST-MOST
    local first last
    first=$(rows "$1" 4 first) last=$(rows "$1" 4 last)
    awk -v f="$first" -v l="$last" -v a="$2" -v b="$3" -v c="$4" -v d="$5" \
        'BEGIN {exit !(f > a && f < b && l > c && l < d)}' || fail "law of $1: $first to $last"
}
law 'replace items=100' 0.8 1.2 0.8 1.2
law 'replace|biased:0.9 items=100' 0.8 1.2 -0.2 0.2
check "no other law" test "$(rows 'replace items=400' 4 verdict)" = '"not shown"'
check "another law" test "$(rows 'replace|biased:0.9 items=1600' 4 verdict)" = '"shown"'
check "one law, one row" test "$(rows 'replace items=100' 4 low)" = "$(rows 'replace items=1600' 4 low)"
accepts profile sizes
check "said once" test "$(grep -c '^   replace   .*not shown$' out)" -eq 1
check "at a glance" grep -Eq '^replace items=100 +no +[0-9]+ +(shown|no) +no +' out
check "avoided by" grep -q '^   avoided by .*replace' out
# Avoided is what has no part above 0, open what has one on both sides: each is said where there is one.
check "avoided is not open" awk '
    function end() {
        if ((none > 0) != avoided || (both > 0) != open) exit wrong = 1
        all_none += none; all_both += both; none = both = avoided = open = 0
    }
    /^[1-8]\. / || /^Medians/ { end() }
    / not shown$/ {
        high = $0; sub(/.* \.\. /, "", high); sub(/\).*/, "", high)
        if (high + 0 <= 0) none++; else both++
    }
    /^   avoided by / { avoided = 1 }
    /^   left open for / { open = 1 }
    END { exit wrong || all_none == 0 || all_both == 0 }' out
check "at most 100 columns" awk '/^Next/ {exit} length > 100 {print; exit 1}' out
check "what comes next" grep -q ' attribute sizes # ' <(joined out)
check "no law is asked for again" awk '/# definition 4$/ {exit 1}' out

# Two sizes are no law, and five seeds no interval.
accepts run sizes.yaml -q -o few --set 'items=[100, 400]' --set seeds=5
accepts profile few
check "not measured" grep -q '^   not measured; it wants a risk, and three sizes in one run' out
check "too few seeds" grep -q 'too few: 6 seeds would do$' out
check "no interval" awk '/^Medians/ {exit} /\(.*\.\..*\)/ {print; exit 1}' out
check "more seeds" grep -q ' -o few --set seeds=12 # ' <(joined out)
check "three sizes" grep -q "run FILE --set 'items=\[[0-9]*, [0-9]*, [0-9]*\]' -o runs/sizes # definition 4$" <(joined out)
accepts profile few --json
cp out profile.json
check "no interval in JSON" test "$(rows 'replace items=100' 2 low)" = null

# Samples that are there but too small: the least that would do is said.
accepts run sizes.yaml -q -o small --set items=50 --set seeds=6 --set metric_items=99 --set test_items=18
accepts profile small
check "the least sample" grep -q 'it wants vectors (metric_items: 100 or more), or 20 texts or more$' out
check "the least reference" grep -q 'it wants metric_items and test_items (of vectors 19 or more)' out

refuses 2 "which run" -- profile
refuses 1 "'nowhere/run.json'" -- profile nowhere
accepts run sizes.yaml -q -o once --set generations=1
refuses 1 "one measured generation" -- profile once
finish
