# Runs: resuming, growing, refusing, stopping, and what becomes of damage.
. "$(dirname "$0")/lib.bash"

cat >small.yaml <<'END'
family: discrete
source: zipf
types: 50
items: 100
policies: [replace, accumulate]
generations: 6
seeds: 3
threads: 2
END

# Words of stdout and stderr
accepts run small.yaml -q -o once
[ ! -s out ] || fail "--quiet printed results"
runs run small.yaml -o loud || fail "a run failed"
grep -q '^small: 3 arms x 3 seeds x 6 generations in loud' err || fail "no announcement"
grep -q '^accumulate \*' out || fail "no table"
check "the table is at most 100 columns wide" awk '/^Everything is in/ {exit} length > 100 {exit 1}' out
check "the same run elsewhere" same_runs once loud
runs run small.yaml -o 'two words' --set 'title=a b' --threads 1 || fail "a run failed"
check "the next export can be pasted" grep -q "export 'two words' --summary" <(joined out)
check "the next run has the settings" grep -qF -e \
    "run small.yaml -o runs/mine --set title='a b' --set threads=1 --set policies=keep:0.5" <(joined out)
accepts run small.yaml -q --json -o loud
check "--json is one object" awk '
    {for (i = 1; i <= length; i++) {c = substr($0, i, 1); depth += (c == "{") - (c == "}")}}
    NR == 1 && $0 != "{" {exit 1}
    END {exit depth != 0}' out
if command -v jq >/dev/null; then
    check "--json parses" jq -e '.state == "complete" and (.arms | length) == 3' out
    check "--json has the numbers" jq -e '.arms[0].metrics.support_kept.last.median <= 1' out
    check "run.json parses" jq -e '.settings.seeds == "3"' once/run.json
    accepts export once -f jsonl
    check "records parse" jq -es 'map(.value) | length > 100' out
else
    echo "skipped: JSON through jq (no jq here)"
fi
accepts run small.yaml -q
[ -d runs/small ] || fail "the default directory is not runs/small"
runs runs
grep -q '^runs/small .*complete .*discrete' out || fail "'runs' does not list it"

# More generations and seeds than before, up to what a run of that size holds from the beginning.
accepts run small.yaml -q -o grown
accepts run small.yaml -q -o grown --generations 9
accepts run small.yaml -q -o grown --generations 9 --seeds 5 --threads 7
accepts run small.yaml -q -o at-once --generations 9 --seeds 5 --threads 1
check "grown or done at once" same_runs grown at-once
accepts run small.yaml -q -o grown --generations 9 --seeds 5
check "run again" same_runs grown at-once
refuses 2 "'grown'" "generations=9" "lowered to 8" -- \
    run small.yaml -q -o grown --generations 8 --seeds 5
refuses 2 "'grown'" "seeds=5" "lowered to 3" -- run small.yaml -q -o grown --generations 9

# Experiments that follow each other
{ cat small.yaml && echo 'then: second.yaml'; } >first.yaml
sed 's/^seeds: 3/seeds: 1/' small.yaml >second.yaml
runs run first.yaml || fail "a run of two experiments failed"
check "both ran" test -d runs/first -a -d runs/second
check "steps to go on with are said once" [ "$(grep -c 'Next:' out)" = 1 ]
check "both tables" [ "$(grep -c '^Everything is in runs/' out)" = 2 ]
check "each run is its own" same_runs once runs/first
rm -r runs/second
accepts run first.yaml -q --threads 1
accepts run first.yaml -q -o elsewhere
[ ! -d runs/second ] || fail "a command that changes something went on to another experiment"
runs run first.yaml --seeds 2 --seeds 3 || fail "a run failed"
check "it says what did not follow" grep -q ' run second.yaml # follows' <(joined out)
check "a setting is said once" [ "$(grep -c 'seeds=.*seeds=' out)" = 0 ]
accepts plan first.yaml
check "both are planned" [ "$(grep -c ' seeds x 6 generations' out)" = 2 ]
sed 's/second/circle/' first.yaml >circle.yaml
refuses 2 "'circle.yaml'" "lead back" -- run circle.yaml
sed 's/second/nowhere/' first.yaml >broken.yaml
refuses 2 "'nowhere.yaml'" -- run broken.yaml
[ ! -d runs/circle ] && [ ! -d runs/broken ] || fail "a chain that cannot end began"

# Any other change is refused and shown.
refuses 2 "'once'" "items=100" "items=101" "-o" -- run small.yaml -o once --items 101
refuses 2 "'once'" "policies=replace,accumulate" "policies=replace" -- \
    run small.yaml -q -o once --policies replace
refuses 2 "'once'" "shift=0" "shift=2" -- run small.yaml -q -o once --shift 2
refuses 2 "'once'" "control=true" "control=false" -- run small.yaml -q -o once --control false
refuses 2 "'once'" "source=zipf" "source=uniform" -- run small.yaml -q -o once --source uniform
check "what was refused changed nothing" same_runs once loud
# How is not what.
accepts run small.yaml -q -o once --threads 1 --checkpoint-seconds 0 --title "another title"
check "execution settings may differ" same_runs once loud

# Places that are not ours
mkdir foreign
echo precious >foreign/thesis.txt
refuses 2 "'foreign' holds 'thesis.txt'" "run.json" "-o" -- run small.yaml -q -o foreign
[ "$(ls -A foreign)" = thesis.txt ] || fail "a foreign directory was written to"
echo text >file
refuses 1 "'file" -- run small.yaml -q -o file
[ "$(cat file)" = text ] || fail "a file was written to"
mkdir other
echo '{"format": "something-else"}' >other/run.json
refuses 1 "other/run.json" "something-else" "wellspring-run/2" -- run small.yaml -q -o other
sed 's|wellspring-run/2|wellspring-run/1|' once/run.json >other/run.json
for command in "run small.yaml -q -o other" "export other -s"; do
    refuses 1 "other/run.json" "wellspring-run/1" "wellspring-run/2" "another version" -- $command
done
echo '{"format": ' >other/run.json
refuses 1 "other/run.json:" "another -o" -- run small.yaml -q -o other
cp -r once cut
head -c 100 once/run.json >cut/run.json
rm cut/summary
refuses 1 "cut/run.json:" "another -o" -- run small.yaml -q -o cut
accepts run small.yaml -q -o whole
cp whole/run.json cut/run.json
accepts run small.yaml -q -o cut
check "a run goes on with a whole run.json in place of a damaged one" same_runs once cut
# Of another C library, or of another build of the same LAPACK
for other in 's/glibc-[0-9.]*/glibc-1.0/' 's/\(lapack-[0-9.]*\)-[0-9a-f]\{8\} /\1-none /'; do
    rm -rf moved
    cp -r once moved
    sed "$other" once/run.json >moved/run.json
    cmp -s once/run.json moved/run.json && fail "nothing was changed: $other"
    refuses 2 "'moved' was begun on" "--allow-other-machine" -- run small.yaml -q -o moved
done
accepts run small.yaml -q -o moved --allow-other-machine

# Two processes on one run
cat >long.yaml <<'END'
family: discrete
source: zipf
types: 500
items: 1000
policies: [replace, augment]
generations: 100000
seeds: 4
threads: 2
checkpoint_seconds: 0.2
END
starts() {
    [ "$(grep -cs started busy/events.log)" -eq "$1" ]
}
is_saved() {
    ls busy/arms/*/*.checkpoint
}
begin_long() { # begin_long N: the N-th time
    "$ws" run long.yaml -q -o busy >first.out 2>first.err &
    running=$!
    awaits $running starts "$1"
    awaits $running is_saved
}
stop_long() { # stop_long SIGNAL
    kill "-$1" $running
    wait $running
    status=$?
    mv first.err err
    mv first.out out
}
begin_long 1
refuses 1 "'busy/lock' is held by another process" "wait" -- run long.yaml -q -o busy

# SIGINT and SIGTERM stop after the step at hand, and the run goes on from there.
stop_long INT
[ $status -eq 1 ] || fail "SIGINT ended with $status"
says "stopped; the same command goes on"
grep -q '"state": "stopped"' busy/run.json || fail "the state is not 'stopped'"
[ ! -e busy/summary ] || fail "an unfinished run was summed up"
begin_long 2
stop_long TERM
[ $status -eq 1 ] || fail "SIGTERM ended with $status"
says "stopped; the same command goes on"
for delay in 0.05 0.2 0.4; do
    "$ws" run small.yaml -q -o stopped --generations 300 --checkpoint-seconds 0 >out 2>err &
    running=$!
    sleep $delay
    kill -INT $running
    wait $running || says "stopped; the same command goes on"
done
accepts run small.yaml -q -o stopped --generations 300
accepts run small.yaml -q -o straight --generations 300 --checkpoint-seconds 1e9
check "stopped and resumed, or straight on" same_runs stopped straight

# Damage: the chains are named, the others go on, and what is repaired is run. Large chains have files
# of their own, small ones share them.
make_corpus 3000 >corpus.txt
cat >large.yaml <<'END'
family: ngram
source: text
corpus: corpus.txt
block: 20
items: 40
policies: [replace, accumulate]
generations: 4
seeds: 3
threads: 2
END
accepts run large.yaml -q -o large
damaged() { # damaged NAME: a copy of `large` that wants more generations
    rm -rf "$1"
    cp -r large "$1"
}
damaged one
printf X | dd of=one/arms/replace/seed-2.checkpoint bs=1 seek=70 conv=notrunc status=none
refuses_part() { # like refuses, but results of the other arms may be printed
    runs "${@:2}"
    local status=$?
    [ $status -eq "$1" ] || fail "'${*:2}' ended with $status, wanted $1"
}
refuses_part 1 run large.yaml --json -q -o one --generations 6
says "arm 'replace' seed 2" "one/arms/replace/seed-2.checkpoint" "hash"
grep -q '"state": "failed"' one/run.json || fail "the state is not 'failed'"
accepts run large.yaml -q -o six --generations 6
check "other chains are complete" cmp six/arms/accumulate/seed-3.checkpoint \
    one/arms/accumulate/seed-3.checkpoint
check "other seeds are complete" cmp six/arms/replace/seed-1.checkpoint \
    one/arms/replace/seed-1.checkpoint
check "events.log says so" grep -q "failed: arm replace seed 2" one/events.log
check "the others are summed up" "$ws" export one -s
[ "$(grep -c '^replace,5,own_text_perplexity,.*,800,2,' check.out)" -eq 1 ] || fail "not of two seeds"
runs export one || fail "one chain's damage stopped the others: $(cat err)"
says "left out arm 'replace' seed 2:" "one/arms/replace/seed-2.checkpoint" "hash"
check "the other seeds" grep -q '^replace,3,3,' out
runs run large.yaml -q -o one --generations 6
says "remove one/arms/replace/seed-2.*, and the same command makes them anew"
rm one/arms/replace/seed-2.*
accepts run large.yaml -q -o one --generations 6
check "repaired" same_runs one six

for size in 0 20 79; do
    damaged cut
    truncate -s $size cut/arms/control/seed-1.checkpoint
    refuses 1 "arm 'control' seed 1" "cut/arms/control/seed-1.checkpoint" -- run large.yaml -q -o cut
done
damaged swapped
cp swapped/arms/control/seed-1.checkpoint swapped/arms/control/seed-2.checkpoint
refuses 1 "swapped/arms/control/seed-2.checkpoint" "another arm or seed" -- \
    run large.yaml -q -o swapped
damaged future
printf '\x09' | dd of=future/arms/control/seed-1.checkpoint bs=1 seek=8 conv=notrunc status=none
refuses 1 "future/arms/control/seed-1.checkpoint" "version 9" -- run large.yaml -q -o future

# Chains that share files
cp -r once shared
printf X | dd of=shared/arms/replace/seeds-1-64.checkpoint bs=1 seek=70 conv=notrunc status=none
refuses_part 1 run small.yaml --json -q -o shared --generations 9
says "arm 'replace' seed 1" "one of 3 failures" "shared/arms/replace/seeds-1-64.checkpoint" "hash"
says "remove shared/arms/replace/seeds-1-64.*, and the same command makes them anew"
accepts run small.yaml -q -o nine --generations 9
check "other arms are complete" diff -r nine/arms/accumulate shared/arms/accumulate
rm shared/arms/replace/seeds-1-64.*
accepts run small.yaml -q -o shared --generations 9
check "repaired together" same_runs shared nine

# Texts, of a chain that goes on and of one that is complete
for generations in 4 6; do
    damaged texts
    truncate -s 100 texts/arms/accumulate/seed-1.texts.jsonl
    refuses 1 "texts/arms/accumulate/seed-1.texts.jsonl" "100 bytes" "remove texts/arms/accumulate/seed-1.*," -- \
        run large.yaml -q -o texts --generations $generations
    damaged texts
    rm texts/arms/accumulate/seed-1.texts.jsonl
    refuses 1 "texts/arms/accumulate/seed-1.texts.jsonl" "No such file" -- \
        run large.yaml -q -o texts --generations $generations
done
rm texts/arms/accumulate/seed-1.checkpoint
accepts run large.yaml -q -o texts --generations 6
check "repaired texts" same_runs texts six

# Several failures are one line, and every one is in events.log.
damaged several
for seed in 1 2 3; do : >several/arms/replace/seed-$seed.checkpoint; done
refuses 1 "arm 'replace' seed 1" "one of 3 failures" "events.log" -- run large.yaml -q -o several
[ "$(grep -c 'failed: arm replace' several/events.log)" -eq 3 ] || fail "events.log has not all"

# Who watches gets a table: seeds that failed alike in one line.
runs run large.yaml -o several
check "how many" grep -q '^wellspring: 3 of 9 chains failed' err
check "each reason" test "$(grep -c '^replace  *[123]  *.*several/arms/replace/seed-[123].checkpoint' err)" = 3
cp -r once alike
: >alike/arms/replace/seeds-1-64.checkpoint
runs run small.yaml -o alike --generations 9
check "seeds together" test "$(grep -c '^replace  *1-3  *.*alike/arms/replace/seeds-1-64.checkpoint' err)" = 1

# The first failure may stop the others; what they have is kept, and they go on.
damaged fast
: >fast/arms/replace/seed-2.checkpoint
refuses 1 "arm 'replace' seed 2" -- run large.yaml -q -o fast --generations 6 --fail-fast true
grep -q '"state": "stopped"' fast/run.json || fail "the state is not 'stopped'"
refuses 1 "not complete" -- export fast
check "nobody went on" cmp fast/arms/control/seed-3.checkpoint large/arms/control/seed-3.checkpoint
rm fast/arms/replace/seed-2.checkpoint
accepts run large.yaml -q -o fast --generations 6 --fail-fast true
check "repaired after failing fast" same_runs fast six

# A summary that was lost, and drafts that a killed program left, are made good.
damaged summed
rm summed/summary
: >summed/summary.tmp-0123456789abcdef
: >summed/arms/replace/seed-1.checkpoint.tmp-0123456789abcdef
accepts run large.yaml -q -o summed
check "summed up again" same_runs summed large
damaged summed
printf X | dd of=summed/summary bs=1 seek=50 conv=notrunc status=none
refuses 1 "summed/summary" "hash" -- export summed -s
accepts run large.yaml -q -o summed
check "a damaged summary is made again" same_runs summed large

# A damaged run.json
damaged description
rm -r other
truncate -s 300 description/run.json
refuses 1 "description/run.json" -- run large.yaml -q -o description
runs runs .
check "'runs' names it and lists the others" grep -q '^./once ' out
says "description/run.json"

# Results that cannot be written
"$ws" run small.yaml -o once >/dev/full 2>err
[ $? -eq 1 ] || fail "a table into a full device was fine"
grep -q '^wellspring: .*standard output' err || fail "nobody said that stdout is full"

finish
