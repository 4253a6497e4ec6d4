# What is seen on a terminal: one bar, drawn over itself and cleared at the end, as wide as there is
# room; plain characters where the terminal has no others, and lines where it cannot move.
. "$(dirname "$0")/lib.bash"

script -qec true /dev/null >/dev/null 2>&1 </dev/null || {
    echo "skipped: everything (script(1), which makes terminals, is not here or can make none)"
    exit 77
}
cat >small.yaml <<'END'
family: discrete
source: zipf
types: 50
items: 200
generations: 5
seeds: 2
END

# on_terminal COLUMNS COMMAND...: what a terminal of that width shows, in ./seen
on_terminal() {
    local columns=$1
    shift
    script -qec "stty cols $columns; exec $(printf '%q ' "$ws" "$@")" /dev/null >seen </dev/null ||
        fail "'$*' ended with $?"
    tr '\r' '\n' <seen | grep 'ETA' >bars
}

TERM=xterm on_terminal 60 run small.yaml -o plain
check "a bar" grep -q '^#* *\.*  *[0-9]* %  ETA .*  [0-4]/4.*  [a-z]* gen\. [0-4]' bars
check "the last is full" grep -q '^############  *100 %  ETA .*4/4' bars
check "within the width" awk 'length > 60 + 3 {exit 1}' bars # and the three bytes that clear the rest
check "drawn over itself" grep -q $'\r#' seen
check "cleared at the end" grep -q $'\r\033\[K[^#]*$' seen
check "no lines" awk '/% after/ {exit 1}' seen
check "the table" grep -q 'replace' seen

TERM=xterm LC_ALL=C.UTF-8 on_terminal 100 run small.yaml -o unicode
check "blocks, and all the words" grep -q '^████████████████████ 100 %  ETA .*  4/4 chains  [a-z]* generation 4' bars

TERM=xterm on_terminal 3 run small.yaml -o narrow
check "no room for words" awk 'length > 8 + 3 {exit 1}' bars

TERM=xterm on_terminal 60 run small.yaml -q -o quiet
check "quiet" awk 'END {exit NR > 0}' bars

TERM=dumb on_terminal 60 run small.yaml -o dumb
check "lines on a terminal that cannot move" grep -q '^100 % after .*: 4/4 chains  [a-z]* seeds 1-2 generation 4' seen
check "and no bar" awk 'END {exit NR > 0}' bars
check "and no escape sequence" awk '/\033/ {exit 1}' seen

# Where all words have no room they are shorter, and the rate is among them.
cat >slow.yaml <<'END'
family: external
train: "sleep 0.3; cp {data} {model}"
sample: "head -n {items} {model} >{out}"
source: zipf
types: 20
items: 30
generations: 5
seeds: 2
threads: 1
control: false
policies: replace
END
TERM=xterm on_terminal 80 run slow.yaml -o slow
check "the rate and the arm" grep -qE ' [0-2]/2  [0-9.]+/(s|min)  replace gen\. [0-4]' bars
check "within the width" awk 'length > 80 + 3 {exit 1}' bars

# The whole of a run at 80 columns, and the commands that follow it, which can be pasted.
TERM=xterm on_terminal 80 run gaussian -o wide --set generations=20
check "within 80 columns" awk '{sub(/\r.*/, "")} length > 80 {print; exit 1}' seen
tr -d '\r' <seen >lines
check "commands go on in the next line" grep -q 'run .*\\$' lines
next=$(joined lines | sed -n 's/^  \(.* seeds=[0-9]*\) # more.*/\1/p; s/^  \(.* --set seeds=[0-9]*\)$/\1/p')
bash -c "$next --set seeds=120 -q" >pasted 2>&1 || fail "it cannot be pasted: $next: $(cat pasted)"
check "a sparkline" grep -q '^replace  *[#*+=,._-]\{10\}  *[0-9]' seen

# What was not measured is told in long sentences.
printf 'family: discrete\nsource: zipf\ntypes: 200\nitems: 300\ngenerations: 30\nseeds: 2\n' >few.yaml
TERM=xterm on_terminal 80 run few.yaml -o few
check "it is told" grep -q 'wants 50 or more types in a sample' seen
check "within 80 columns" awk '{sub(/\r.*/, "")} length > 80 {print; exit 1}' seen

# Elsewhere than on a terminal: a line for each generation of each arm, at 80 columns.
runs run small.yaml -o long --set generations=300 --set measure_every=100
line='^ *[0-9]* % after .* left: [0-4]/4 chains  [a-z]* seeds 1-2 generation [0-9]*\(  [0-9.]*/s\)\{0,1\}$'
check "one for each" test "$(grep -c "$line" err)" -eq 600
check "and one before them" test "$(wc -l <err)" -eq 601
check "each once" test "$(sed -n 's/.*chains  \([a-z]* seeds .* generation [0-9]*\).*/\1/p' err | sort -u | wc -l)" -eq 600
check "within 80 columns" awk 'length > 80 {print; exit 1}' err
check "the end" grep -q '^100 % after .*, 0 s left: 4/4 chains  [a-z]* seeds 1-2 generation 299' err

# A comparison: on a narrow terminal differences stand below the medians.
printf 'family: gaussian\nitems: 20\ngenerations: 3\nseeds: 8\npolicies: [replace, accumulate]\n' >g.yaml
accepts run g.yaml -q -o g
accepts run g.yaml -q -o huge --set variance=1e99 --set seeds=5
for columns in 76 80 100; do
    on_terminal $columns compare g huge -m all
    # The names of metrics and definitions are as long as they are.
    check "within $columns columns" awk -v columns=$columns \
        '!/n = / && !/^Next/ && length > columns + 1 {print; exit 1}' seen
    check "columns of huge values never touch" grep -Eq ' [0-9]\.[0-9]e\+[0-9]+ +[0-9]\.[0-9]e\+[0-9]+ \.\. [0-9]\.[0-9]e\+[0-9]+[* ]' seen
done
on_terminal 60 compare g -m variance_ratio
check "differences below" grep -Eq '^ +[-+][0-9.e-]+ +[-+][0-9.e-]+ \.\. [-+][0-9.e-]+  8 pairs' seen
on_terminal 100 compare g -m variance_ratio
check "differences beside" grep -Eq '^replace +8 +[0-9.e-]+ .* 8 pairs' seen

check "the same run" same_runs plain dumb
finish
