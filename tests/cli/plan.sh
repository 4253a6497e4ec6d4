# Planning shows an experiment and runs nothing.
. "$(dirname "$0")/lib.bash"

printf 'title: four\nfamily: gaussian\nitems: 20\ngenerations: 4\nseeds: 3\npolicies: [replace, accumulate]\n' >g.yaml
accepts plan g.yaml
check "the arms" grep -q '^3 arms x 3 seeds x 4 generations of family gaussian' out
# accumulate: 20 + 40 + 60 + 80 items; the others 20 four times
check "sizes of accumulate" grep -Eq '^accumulate \* +80 +200 +60 ' out
check "sizes of replace" grep -Eq '^replace +20 +80 +60 ' out
check "sizes of the control" grep -Eq '^control +20 +80 +0 ' out
check "an estimate" grep -Eq '^[0-9].* on [0-9]+ threads, .* of memory, .* of disk' out
check "what to do next" grep -q '^Next: .*wellspring run g.yaml$' <(joined out)
# Pasted into a shell it is the same experiment: later settings count, and words are quoted.
accepts plan g.yaml --seeds 2 --set 'title=it'"'"'s $HOME; *' --set seeds=7 --policies keep:0.5,augment
next=$(joined out | sed -n 's/^Next: //p')
check "the settings go on" grep -qF -e "--set seeds=7 --set policies=keep:0.5,augment" <<<"$next"
check "and each once" test "$(grep -o 'seeds=' <<<"$next" | wc -l)" -eq 1
bash -c "$next -q -o pasted" || fail "it cannot be pasted: $next"
check "the title" grep -qF -e "\"title\": \"it's \$HOME; *\"" pasted/run.json
check "the seeds" grep -q '"seeds": "7"' pasted/run.json
rm -r pasted
cp g.yaml 'two words.yaml'
accepts plan 'two words.yaml'
check "a name is quoted" grep -q "^Next: .*wellspring run 'two words.yaml'$" <(joined out)
rm 'two words.yaml'
check "what was tried" grep -q '^This machine, tried alone on one core: a fit of 20 items' out
accepts plan g.yaml --no-probe
check "nothing was tried" grep -q '^Nothing was tried here' out
accepts plan g.yaml --json
check "what was tried, in JSON" grep -q '"step_seconds": ' out
check "JSON" grep -q '"trained_items": 200' out
accepts plan gaussian
accepts plan discrete --threads 3
check "threads" grep -q 'on 3 threads' out
check "no directory is made" test "$(ls)" = "$(printf 'check.out\nerr\ng.yaml\nout')"

# A corpus is looked at, for it decides whether the run is possible at all.
refuses 1 quickstart: "'build/corpus/austen.txt'" "./dev corpus" -- plan quickstart
make_corpus 700000 >corpus.txt
accepts plan quickstart --corpus corpus.txt
check "the quickstart" grep -q '^5 arms x 5 seeds x 10 generations of family ngram' out

# A decoder whose cache no machine holds: planned, and refused before anything is made.
printf 'family: transformer\nsource: text\ncorpus: corpus.txt\nblock: 64\nitems: 20\nwidth: 8\n' >t.yaml
printf 'heads: 1\ninner: 8\nlayers: 1\nbatch: 4\n' >>t.yaml
accepts plan t.yaml --set decode_batch=64
check "it would begin" test "$(grep -c '^It would not begin' out)" -eq 0
accepts plan t.yaml --set decode_batch=65536 --set inner=10000000
check "it would not begin" grep -q '^It would not begin here: .* needs about [0-9]* MiB of memory' out
refuses 1 "needs about" "MiB of memory" -- run t.yaml -q -o x --set decode_batch=65536 --set inner=10000000
refuses 2 t.yaml "'beams'" "half of the model's" -- \
    run t.yaml -q -o x --set corpus=corpus.txt --set unit=bytes --set beams=200
check "nothing is made" test ! -e x

finish
