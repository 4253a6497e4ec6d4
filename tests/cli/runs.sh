# The list of runs, and the index that makes it quick: what is in it can only be what the runs say.
. "$(dirname "$0")/lib.bash"

cat >small.yaml <<'END'
family: discrete
source: zipf
types: 5
items: 10
generations: 2
seeds: 1
END
index=runs/.wellspring-runs

accepts runs .
grep -q "^no runs in '.'" out || fail "a list of nothing"
[ ! -e .wellspring-runs ] || fail "an index of nothing"
refuses 1 "'nowhere'" -- runs nowhere

accepts run small.yaml -q -o runs/b
accepts run small.yaml -q -o runs/a --policies 'keep:0.5,replace' --seeds 3
cat >vectors.yaml <<'END'
family: gaussian
items: 10
generations: 4
seeds: 2
END
accepts run vectors.yaml -q -o runs/c
mkdir runs/empty
: >runs/file

listed() { # listed WORDS...: the runs that `runs WORDS` lists, in order
    "$ws" runs runs "$@" 2>err | sed -n 's|^runs/\([^ ]*\).*|\1|p' | xargs
}
shows() { # shows "RUNS" WORDS...
    local seen
    seen=$(listed "${@:2}")
    [ "$seen" = "$1" ] || fail "'runs ${*:2}' listed '$seen', wanted '$1'"
}
forget() {
    rm -f "$index"
}

# The same with an index, without, and where none can be kept.
for way in forget true "ln -sf nowhere/index $index" true; do
    $way
    shows "a b c"
    shows "a b" --family discrete
    shows "a" --policy keep:0.5
    shows "a" --policy keep
    shows "a b c" --policy replace
    shows "" --policy repl
    shows "c" --state complete --family gaussian
    shows "" --state failed
    shows "a b c" --since 2000-01-01
    shows "" --since 2100-01-01T00:00
    shows "a c b" --sort seeds --reverse
    shows "c" --sort generations -r -n 1
    shows "b c a" --sort seeds
done
[ -L $index ] && rm $index
accepts runs
[ -f $index ] || fail "no index was kept"

# What has changed since is seen.
accepts run small.yaml -q -o runs/b --seeds 9
shows "b a c" --sort seeds -r
mv runs/a runs/z
shows "b c z"
accepts run small.yaml -q -o runs/a --policies augment
shows "a" --policy augment
shows "z" --policy keep
rm -r runs/z
shows "a b c"
cp runs/b/run.json kept
printf '{"format": ' >runs/b/run.json
for _ in 1 2; do
    shows "a c"
    says "runs/b/run.json:"
done
sed 's|wellspring-run/2|wellspring-run/9|' kept >runs/b/run.json
shows "a c"
says "runs/b/run.json" "wellspring-run/9"
cp kept runs/b/run.json
shows "a b c"
touch -d 2020-01-01 kept
sed 's/"seeds": "9"/"seeds": "8"/' kept >runs/b/run.json # as long as before
shows "b" --sort seeds -r -n 1
check "the new number" grep -q '^runs/b .* 8 ' <("$ws" runs)
cp kept runs/b/run.json

# An index that is damaged, torn, foreign or of another version is made anew.
accepts runs
cp out wanted
cp $index whole
for size in 0 1 50 200 4096; do
    head -c $size whole >$index
    accepts runs
    check "an index of $size bytes" cmp out wanted
done
printf 'no database, and far longer than a header of one would be: %0200d' 7 >$index
accepts runs
check "not a database" cmp out wanted
cp whole $index
printf '\xff%.0s' {1..300} | dd of=$index bs=1 seek=4096 conv=notrunc status=none
accepts runs
check "damaged pages" cmp out wanted
check "it is whole again" cmp <(head -c 16 $index) <(head -c 16 whole)
rm $index
mkdir $index
accepts runs
check "a directory in its place" cmp out wanted
rmdir $index

# Many at a time, while runs come and go
forget
for i in 1 2 3 4 5 6; do
    "$ws" runs >list.$i 2>err.$i &
done
accepts run small.yaml -q -o runs/d
wait
for i in 1 2 3 4 5 6; do
    [ ! -s err.$i ] || fail "one of six said $(cat err.$i)"
    check "one of six" grep -q '^runs/c ' list.$i
done
shows "a b c d"
for _ in 1 2 3; do
    forget
    "$ws" runs >/dev/null 2>&1 &
    running=$!
    sleep 0.01
    kill -9 $running 2>/dev/null
    wait $running 2>/dev/null
    shows "a b c d"
done

# Names of any bytes
mv runs/d "runs/$(printf 'two words\377')"
accepts runs
check "a name of any bytes" grep -qa 'two words' out
accepts runs --json
if command -v jq >/dev/null; then
    check "--json parses" jq -e 'length == 4 and .[0].policies == ["augment", "control"]' out
    accepts runs --json --state failed
    check "--json of nothing" jq -e '. == []' out
else
    echo "skipped: JSON through jq (no jq here)"
fi

refuses 2 "--state is 'compelte'" "did you mean 'complete'?" -- runs --state compelte
refuses 2 "--sort is 'age'" "started" -- runs --sort age
refuses 2 "--since is 'yesterday'" "2026-11-27" -- runs --since yesterday
refuses 2 "--since is '2026-1-1'" -- runs --since 2026-1-1
refuses 2 "--limit is '0'" -- runs --limit 0

finish
