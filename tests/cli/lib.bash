# What the shell tests share. Source it with the program's path as the first argument: it moves into
# an empty directory that is removed at the end.
#
#     accepts run x.yaml -q              must succeed and say nothing on stderr
#     refuses 2 "x.yaml:3" "'seeds'" -- plan x.yaml
#                                        exit status, words of the one line on stderr, the command
#     finish                             the last line of a test
#
# What a command prints is left in ./out and ./err.

set -u
export LC_ALL=C
unset TERM
ws=$(realpath "$1")
place=$(mktemp -d)
trap 'chmod -R u+rwx "$place"; rm -rf "$place"' EXIT
cd "$place" || exit 1
failures=0

# Sanitizers make the program many times slower and larger.
sanitized=false
if grep -qaE '__(asan|tsan)_init' "$ws"; then sanitized=true; fi

fail() {
    printf 'FAILED (line %s): %s\n' "${BASH_LINENO[${#BASH_LINENO[@]} - 2]}" "$*"
    failures=$((failures + 1))
}

check() { # check WHAT COMMAND...
    local what=$1
    shift
    "$@" >check.out 2>&1 || { fail "$what: $*"; head -n 9 check.out | cut -c 1-200; }
}

# awaits PROCESS COMMAND...: until the command succeeds, however slow the machine is; ctest has the limit. A
# process that ends without it fails the test.
awaits() {
    local process=$1 ended=false
    until "${@:2}" >check.out 2>&1; do
        ! $ended || { fail "the process ended without: ${*:2}"; return 1; }
        kill -0 "$process" 2>/dev/null || ended=true
        sleep 0.02
    done
}

runs() { # the exit status of the program; output in out and err
    "$ws" "$@" >out 2>err
    local status=$?
    if grep -qsaE '(^|[.)] )Next[:,]' out err; then fits_a_terminal "$@"; fi
    return $status
}

# What is to be done next is in lines of 80 columns, all but words that are longer by themselves.
fits_a_terminal() {
    local wide
    wide=$(awk 'FNR == 1 {said = 0} /(^|[.)] )Next[:,]/ {said = 1}
        said && length > 80 && !/^(Next:)? *(--[a-z-]+ )?[^ ]+( \\)?$/ {print}' out err)
    [ -z "$wide" ] || fail "'$*' is wider than a terminal: $wide"
}

accepts() {
    runs "$@"
    local status=$?
    if [ $status -ne 0 ] || [ -s err ]; then
        fail "'$*' ended with $status"
        sed 's/^/    /' err | cat -v
    fi
}

# A file in which commands that are printed in several lines, and what they are for, stand in one.
joined() {
    sed -z 's/ \\\n */ /g; s/\n    # / # /g' "$1"
}

# The one line there must be: says WORDS...
says() {
    local word
    if [ "$(wc -l <err)" -ne 1 ] || ! grep -q '^wellspring: ' err; then
        fail "wanted one line that starts with 'wellspring: ', saw"
        sed 's/^/    /' err | cat -v
    fi
    for word in "$@"; do
        grep -qF -e "$word" err || { fail "wanted \"$word\" in"; sed 's/^/    /' err | cat -v; }
    done
}

refuses() { # refuses STATUS WORDS... -- ARGUMENTS...
    local wanted=$1 words=()
    shift
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    runs "$@"
    local status=$?
    [ $status -eq "$wanted" ] || fail "'$*' ended with $status, wanted $wanted"
    [ ! -s out ] || fail "'$*' printed results"
    says "${words[@]}"
}

# A file-size limit is a disk that is full for files beyond it. What the program says goes through a
# pipe, for the limit would bind it as well.
files_can_be_limited() {
    (ulimit -f 1) 2>check.out
}
limited() { # limited KILOBYTES ARGUMENTS...: the exit status of the program; all that it says in err
    (
        ulimit -f "$1"
        exec "$ws" "${@:2}" 2>&1
    ) | cat >err
    return "${PIPESTATUS[0]}"
}

# A log in `log` with one entry, whose envelope is in envelope.json, and that COUNT times over, one a line, in
# lines.jsonl.
log_of_one() { # log_of_one COUNT
    local issuer
    accepts ledger keys log.key --make log.example --for log
    accepts ledger keys issuer.key --make lab.example
    issuer=$(head -n 1 out)
    accepts ledger init log --key log.key
    printf 'kind: key-change\nold_key: %s\nnew_key: b\nsince: 0\n' "$issuer" >change.yaml
    accepts ledger add log change.yaml --issuer issuer.key
    accepts ledger publish log --key log.key
    "$ws" ledger prove log --index 0 | sed -n 's/^extra //p' | base64 -d >envelope.json
    for _ in $(seq "$1"); do cat envelope.json; echo; done >lines.jsonl
}

# Whether two runs hold the same files with the same bytes, but for times and machine.
same_runs() {
    diff -r --exclude=run.json --exclude=events.log "$1" "$2"
}

# Every record of a run, a JSON object a line.
records() {
    "$ws" export "$1" -f jsonl
}

# COUNT words of human-like text, 16 a line: a Zipf-like choice among 3,000 made-up words.
make_corpus() {
    awk -v count="$1" 'BEGIN {
        state = 1
        for (i = 0; i < count; i++) {
            state = (state * 16807) % 2147483647
            rank = int(exp(log(3001) * state / 2147483647))
            word = ""
            for (r = rank + 25; r > 0; r = int(r / 26))
                word = word sprintf("%c", 97 + r % 26)
            printf "%s%s", word, i % 16 == 15 ? ".\n" : " "
        }
        print ""
    }'
}

finish() {
    [ $failures -eq 0 ] || printf '%s checks failed\n' $failures
    exit $((failures > 0))
}
