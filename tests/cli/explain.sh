# The guide docs/guides/explain.md: its files are written and its commands run, in order.
. "$(dirname "$0")/lib.bash"

guide=$WS_SOURCE_DIR/docs/guides/explain.md

# The blocks of the guide become a script: files of the name in their first line, and commands.
awk '
    /^```yaml$/ { kind = "yaml"; file = ""; next }
    /^```sh$/   { kind = "sh"; next }
    /^```$/     { if (kind == "yaml") print "END"; kind = ""; next }
    kind == "yaml" && file == "" { file = $2; print "cat >" file " <<\"END\""; next }
    kind != ""  { print }
' "$guide" >guide.sh
[ "$(grep -c '^wellspring ' guide.sh)" -eq 7 ] || fail "the guide has other commands"
wellspring() {
    accepts "$@" -q
    cp out "out-$1"
}
# 'profile' and 'theory' have no progress to leave out.
sed -i -E 's/^wellspring (profile|theory)/quietly \1/' guide.sh
quietly() {
    accepts "$@"
    cp out "out-$1"
}
. ./guide.sh
grep -q '^1. catastrophic increase of population risk' out-profile || fail "no profile"
for line in 'exact gaussian-log-variance estimator=unbiased M=5' \
    'source: derived; 20 of 20 generations agree' 'Forms that differ from the run: 1' \
    'source: Shumailov et al. 2023, arXiv 2305.17493; not verified' \
    'Limits that the run is not at: 1'; do
    grep -qxF "$line" out-theory || fail "theory does not say '$line'"
done
grep -q 'too few seeds' out-theory || fail "no seeds are too few"
grep -q '"made": true' out-attribute || fail "no shares"
[ "$(grep -c '^"replace",test_nll' shares.csv)" -eq 10 ] || fail "not every generation"
# What the guide says of the last generation.
awk -F, '
    function value(name) { return $at[name] + 0 }
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $4 != 9 { next }
    $1 == "\"replace\"" { said += value("statistical_low") > value("total") / 2 }
    $1 == "\"keep:0.5\"" { said += value("expressivity_low") > value("statistical_high") }
    $1 != "\"control\"" { said += value("approximation_low") < 0 && value("approximation_high") > 0 }
    END { exit said != 4 }' shares.csv || fail "the shares are not as the guide has them"
finish
