# Reports: what is in the file, of runs that are whole, damaged, of another version, or not runs. What a
# browser makes of it: tests/browser/report.sh.
. "$(dirname "$0")/lib.bash"

# The data of a report, a JSON object, in data.json.
data_of() {
    sed -n 's/^<script type="application\/json" id="data">\(.*\)<\/script>$/\1/p' "$1" >data.json
    check "$1 holds JSON" python3 -m json.tool data.json
}
# value EXPRESSION: a Python expression of the data d
value() {
    python3 -c 'import json,sys; d=json.load(open("data.json")); print(eval(sys.argv[1]))' "$1"
}
is() { # is WHAT EXPRESSION WANTED
    local seen
    seen=$(value "$2" 2>&1)
    [ "$seen" = "$3" ] || fail "$1: saw '$seen', wanted '$3'"
}

make_corpus 4000 >corpus.txt
cat >text.yaml <<'END'
title: two policies on made-up words
family: ngram
source: text
corpus: corpus.txt
block: 20
items: 60
test_items: 20
policies: [replace, keep:0.5]
generations: 8
seeds: 3
END
accepts run text.yaml -q -o text
accepts report text
check "it says where it is" grep -q '^text/report.html: 1 run; open it in a browser$' out
check "it is small" [ "$(stat -c %s text/report.html)" -lt 2000000 ]
cp text/report.html first.html
accepts report text -o -
check "standard output, and the same bytes" cmp first.html out
check "nothing of a network" bash -c "! grep -qE '(src|href)=\"?(https?:)?//' first.html"
data_of first.html
is "the title" "d['title']" "two policies on made-up words"
is "the arms" "[a['name'] for a in d['runs'][0]['arms']]" "['replace', 'keep:0.5', 'control']"
is "texts of the first and the last generation" \
    "sorted({t['generation'] for t in d['runs'][0]['texts']})" "[0, 1, 3, 4, 6, 7]"
is "three texts of each" "len(d['runs'][0]['texts'])" "$((3 * 6 * 3))"

# The summary says what the results are.
runs run text.yaml --json -o text
python3 - <<'END' >wanted
import json
run = json.load(open("out"))
arms = {arm["arm"]: arm["metrics"]["types"] for arm in run["arms"]}
last = {name: metric["last"]["median"] for name, metric in arms.items()}
far = max(("replace", "keep:0.5"), key=lambda name: abs(last[name] - last["control"]))
change = arms[far]
print(f"Furthest from the control is {far}: from {change['first']['median']:,.0f} to {change['last']['median']:,.0f} "
      f"({change['last']['low']:,.0f} to {change['last']['high']:,.0f} over 3 seeds, n = {change['last']['n']:,}).")
END
check "what was lost, in words: $(cat wanted)" grep -qF -f wanted first.html
check "no verdict without the seeds for one" grep -q "none can be told shown from not shown with 3 seeds" first.html

# The experiment in it makes the run again.
value "d['runs'][0]['experiment']" >again.yaml
accepts run again.yaml -q -o again
rm text/report.html
check "the same bytes" same_runs text again
# And goes on with it, as the page says.
accepts run again.yaml -q -o again --set generations=16
check "the first generations are the same" cmp <("$ws" export text) <("$ws" export again | awk -F, 'NR == 1 || $3 < 8')
cat >sweep.yaml <<'END'
family: discrete
types: 20
source: zipf
sweep: [{items: 50, exponent: 1}, {items: 200, exponent: 2}]
policies: [replace, "accumulate|biased:0.5"]
generations: 4
seeds: 2
END
accepts run sweep.yaml -q -o sweep
accepts report sweep -o sweep.html
data_of sweep.html
value "d['runs'][0]['experiment']" >again.yaml
accepts run again.yaml -q -o sweep-again
check "the same bytes of a sweep" same_runs sweep sweep-again

# Several runs; those that cannot be read are left out, and counted.
mkdir other damaged
echo '{"format": "wellspring-run/1"}' >other/run.json
cp -r text/. damaged
head -c 200 text/summary >damaged/summary
runs report text other sweep damaged nothing
[ $? -eq 0 ] || fail "runs that cannot be read stopped those that can"
check "three are named" [ "$(grep -c "^wellspring: left out '" err)" -eq 3 ]
check "why" grep -q "left out 'other': .*wellspring-run/1" err
check "two are shown" grep -q '^report.html: 2 runs' out
data_of report.html
is "those that are shown" "[r['directory'] for r in d['runs']]" "['text', 'sweep']"
is "those that are not" "[s[0] for s in d['skipped']]" "['other', 'damaged', 'nothing']"
refuses 1 "wellspring-run/1" -- report other damaged
refuses 1 "'damaged/summary'" -- report damaged
refuses 1 "no run in 'nothing'" -- report nothing
[ ! -e nothing ] || fail "a report was made of nothing"

# Damaged lines of texts are left out, and counted.
printf '{"generation":0,"item":0,"te\nnot JSON\n' >>text/arms/replace/seed-1.texts.jsonl
accepts report text -o damaged.html
data_of damaged.html
is "damaged lines" "d['runs'][0]['damaged_texts']" 2
is "the others" "len(d['runs'][0]['texts'])" "$((3 * 6 * 3))"

# Damaged records: what the summary holds is shown, and what is missing is said.
cp -r text broken
printf 'xxxx' | dd of=broken/arms/replace/seed-2.checkpoint bs=1 seek=200 conv=notrunc 2>dd.err
accepts report broken
data_of broken/report.html
is "no single seeds" "[c['by_seed'] for c in d['runs'][0]['curves'] if c['by_seed']]" "[]"
is "no profile of its arm, and that of the others" \
    "[sorted({v['verdict'] for v in d['runs'][0]['profile']['verdicts'] if v['arm'] == a}) == ['not measured'] for a in range(3)]" \
    "[True, False, False]"
check "why" grep -q "<p>Its records are damaged, .*broken/arms/replace/seed-2.checkpoint" broken/report.html
value "[[c['arm'], c['metric'], c['median']] for c in d['runs'][0]['curves']]" >broken.medians
data_of first.html
value "[[c['arm'], c['metric'], c['median']] for c in d['runs'][0]['curves']]" >first.medians
check "the same medians" cmp broken.medians first.medians

# A run that goes on has no results until it ends.
sed 's/"state": "complete"/"state": "running"/' text/run.json >running.json
cp -r text running
mv running.json running/run.json
refuses 1 "no metrics yet" -- report running

# Shares of errors, from what attribute left
cat >gaussian.yaml <<'END'
family: gaussian
items: 20
policies: [replace]
control: false
generations: 5
seeds: 12
END
accepts run gaussian.yaml -q -o gaussian
accepts attribute gaussian --runs parts -q -o shares.csv -g all
accepts report gaussian --attribution parts
data_of gaussian/report.html
value "[(r['metric'], r['arm'], r['generation'], repr(r['shares'][0][0])) for r in d['runs'][0]['attribution']['rows']]" >seen
python3 - <<'END' >wanted
import csv
rows = list(csv.DictReader(open("shares.csv")))
print([(r["metric"], r["arm"], int(r["generation"]), repr(float(r["statistical"]))) for r in rows])
END
check "shares are those of attribute" cmp seen wanted
refuses 2 "attribution is of one run" -- report gaussian text --attribution parts
refuses 1 "nowhere/none" -- report gaussian --attribution nowhere
refuses 2 "--factor is 'many'" -- report gaussian --attribution parts --factor many
refuses 2 "--factor is of --attribution" -- report gaussian --factor 4
refuses 2 "which runs?" -- report
refuses 1 "nowhere/report.html" -- report text -o nowhere/report.html

# A link stays, and what it points to is written; so is a pipe.
accepts report text -o plain.html
touch target.html && ln -s target.html link.html
accepts report text -o link.html
check "the link is still one" test -L link.html
check "its file has the report" cmp target.html plain.html
mkfifo pipe
cat pipe >piped.html &
accepts report text -o pipe
wait $!
check "a pipe has it, too" cmp piped.html plain.html

finish
