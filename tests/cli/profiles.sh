# The kept profiles of the presets that take seconds; './dev check --long' compares all of them.
. "$(dirname "$0")/lib.bash"

if $sanitized; then
    echo "skipped: everything (numbers are the same with sanitizers, and would take minutes)"
    exit 77
fi
command -v python3 >/dev/null || {
    echo "skipped: everything (no python3)"
    exit 77
}
profiles() {
    "$WS_SOURCE_DIR/tools/profiles" --program "$ws" "$@" >out 2>&1
}
check "they are kept" test -s "$WS_SOURCE_DIR/docs/results/profiles/definitions.json"
profiles --check definitions discrete gaussian || {
    fail "profiles differ from those in docs/results/profiles"
    sed 's/^/    /' out
}
check "each was compared" test "$(grep -c ' rows agree$' out)" -eq 3

# A comparison that could not fail would say nothing: one number is changed, then a firm verdict of
# what then is another compute class.
mkdir -p tree/docs/results/profiles tree/presets
cp -r "$WS_SOURCE_DIR/tools" tree/
cp -r "$WS_SOURCE_DIR/presets/reproduce" tree/presets/
kept=$WS_SOURCE_DIR/docs/results/profiles/discrete.json
changed() { # changed SED-PROGRAM: the comparison with kept profiles that are changed so
    sed "$1" "$kept" >tree/docs/results/profiles/discrete.json
    cmp -s "$kept" tree/docs/results/profiles/discrete.json && fail "nothing was changed: $1"
    tree/tools/profiles --program "$ws" --place place --check discrete >out 2>&1
}
changed "s/\"compute_class\": \"[^\"]*\"/\"compute_class\": \"another\"/" || {
    fail "the same numbers of another compute class"
    cat out
}
changed '0,/"compute_class": "[^"]*"/s//"compute_class": "another"/; /"definition": 3.*"arm": "replace"/s/"verdict": "shown"/"verdict": "not shown"/' ||
    fail "a verdict near its border is compared with another class"
differs() { # differs SED-PROGRAM: and definition 2 of replace is named
    changed "$1"
    check "a difference is seen: $1" grep -q '^  discrete, discrete: definition 2, replace: ' out
}
verdict='/"definition": 2.*"arm": "replace"/s/"verdict": "shown"/"verdict": "not shown"/'
differs "$verdict"
differs "s/\"compute_class\": \"[^\"]*\"/\"compute_class\": \"another\"/; $verdict"
differs 's/"compute_class": "[^"]*"/"compute_class": "another"/; /"definition": 2.*"arm": "replace"/s/"bad": 0\.4/"bad": 0.5/'
finish
