# Help: every command has it, on stdout, at most 100 columns wide.
. "$(dirname "$0")/lib.bash"

fits() {
    check "'$1' is at most 100 columns wide" awk 'length > 100 {print; exit 1}' out
    [ -s out ] || fail "'$1' printed nothing"
}

accepts --help
fits --help
commands=$(awk '/^  [a-z]/ {print $1}' out)
wanted="run plan reproduce attribute profile theory runs report export plot compare serve train generate evaluate tokenize fingerprint ledger witness shard index lookup vault"
[ "$(echo $commands)" = "$wanted" ] || fail "the commands are '$commands'"
cp out usage
accepts help
check "'help' is '--help'" cmp out usage
for command in $commands; do
    accepts "$command" --help
    fits "$command --help"
    check "usage of $command" grep -q "^usage: wellspring $command" out
done
for group in ledger witness shard index vault; do
    accepts $group --help
    for command in $(awk '/^  [a-z]/ {print $1}' out); do
        accepts $group "$command" --help
        fits "$group $command --help"
        check "usage of $group $command" grep -q "^usage: wellspring $group $command" out
    done
done
refuses 2 "no 'kyes'" "did you mean 'keys'?" -- ledger kyes
refuses 2 "which command?" "--help" -- ledger
accepts run --help
for word in generations seeds policies corpus estimator order checkpoint_seconds -o --quiet --json; do
    check "'run --help' tells of $word" grep -qF -e "$word" out
done
for preset in "$WS_SOURCE_DIR"/presets/*.yaml; do
    name=$(basename "$preset" .yaml)
    accepts run --help
    check "'run --help' names $name" grep -q "^Presets: .*\b$name\b" out
    refuses 2 "presets are" "$name" -- run xyzzyxyzzyxyzzy
done
accepts reproduce --help
for preset in "$WS_SOURCE_DIR"/presets/reproduce/*.yaml; do
    name=$(basename "$preset" .yaml)
    check "'reproduce --help' names $name" grep -qw -e "$name" <(sed -n '/^Presets:/,$p' out)
done
accepts --version
check "a version" grep -Eq '^wellspring [0-9]+\.[0-9]+\.[0-9]+$' out

runs
status=$?
[ $status -eq 2 ] || fail "no arguments ended with $status"
[ ! -s out ] || fail "no arguments printed results"
grep -q '^usage: ' err || fail "no arguments and no usage"
refuses 2 "unknown command 'rnu'" "did you mean 'run'?" -- rnu quickstart
refuses 2 "unknown command 'exprot'" "did you mean 'export'?" -- exprot
refuses 2 "unknown command 'dance'" "--help" -- dance
refuses 2 "unknown command ''" -- ""
refuses 2 "unknown option '--verbose'" "--help" -- runs --verbose
refuses 1 "'nowhere'" "No such file" -- runs nowhere
mkdir empty
accepts runs empty
check "no runs" grep -q "no runs in 'empty'" out

finish
