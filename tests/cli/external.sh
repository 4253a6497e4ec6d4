# The user's own model: the guide's example, resumed and threaded, and commands that go wrong.
. "$(dirname "$0")/lib.bash"
guide=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../../docs/guides/external.md

code() { # code LANGUAGE: the guide's block of it
    awk -v start="^\`\`\`$1\$" '$0 ~ start { inside = 1; next } /^```/ { inside = 0 } inside' "$guide"
}

# Without Python, where any program serves: items of the training set, drawn with replacement.
cat >draw.yaml <<'END'
family: external
train: cp {data} {model}
sample: "awk -v n={items} -v seed={seed} 'BEGIN { srand(seed) } { a[NR] = $0 } END { for (i = 0; i < n; i++) print a[int(rand() * NR) + 1] }' {model} >{out}"
source: zipf
types: 20
items: 30
policies: [replace, accumulate]
generations: 3
seeds: 2
END
accepts run draw.yaml -q -o one --threads 1
accepts run draw.yaml -q -o two --threads 2
check "the same for any number of threads" same_runs one two
accepts run draw.yaml -q -o grown --set generations=2
accepts run draw.yaml -q -o grown
check "the same when it grew" same_runs one grown
accepts plan draw.yaml
check "a plan measures the commands" grep -q "a fit of" out

# Commands that go wrong end their chain, and say why.
sed 's/^train:.*/train: "echo no luck; exit 3; {data} {model}"/' draw.yaml >fails.yaml
runs run fails.yaml -q -o fails
check "failed" test "$?" = 1
check "says why" grep -q "exit status 3: no luck" err
sed 's/^sample:.*/sample: "echo {} >{out}; : {model} {items}"/' draw.yaml >few.yaml
runs run few.yaml -q -o few
check "says what was written" grep -q "{out}: has 3 bytes, too few for 30 items" err
check "no file of the run is to be removed" grep -q "; the same command tries again$" err
sed 's/^train:.*/train: "sleep 60; : {data} {model}"/' draw.yaml >slow.yaml
runs run slow.yaml -q -o slow --set command_seconds=0.2 --set seeds=1 --set policies=replace
check "says that it took too long" grep -q "was ended after 0.2 seconds" err
refuses 2 fails.yaml "command 'train' is 'true', wanted {data} in it" -- \
    run fails.yaml -q -o x --set train=true
printf 'family: external\nsource: zipf\n' >none.yaml
refuses 2 none.yaml "needs a command 'train'" -- run none.yaml -q -o x

if command -v python3 >/dev/null; then
    code python >model.py
    code yaml >mine.yaml
    accepts plan mine.yaml
    accepts run mine.yaml -q -o mine --set generations=2 --set seeds=1
    accepts export mine --summary
    check "distances to real data" grep -q "^replace,1,w2_sample," out
else
    echo "skipped: the guide's example, for want of python3"
fi
finish
