# Kill -9 while texts are made: the same command goes on, and the file is byte for byte that of an
# uninterrupted run, for 1, 2 and 7 threads. SIGINT lets the batch at hand be written.
. "$(dirname "$0")/../cli/lib.bash"

make_corpus 3000 >text.txt
cp -r "$WS_SOURCE_DIR/tests/golden/models/gpt2-tiny" model
runs tokenize --tokenizer model --train 512 text.txt || fail "no tokenizer"

kills=10 texts=3000
if $sanitized; then kills=5; fi
RANDOM=1
threads=(1 2 7)
settings=(model -q --new-tokens 20 --decode-batch 32)
command=(generate "${settings[@]}" --count $texts)

now() {
    echo $((${EPOCHREALTIME/./} / 1000))
}

start=$(now)
accepts "${command[@]}" -o straight.jsonl
took=$(($(now) - start))

landed=0 attempt=0 round=0
while [ $landed -lt $kills ] && [ $attempt -lt $((10 * kills)) ]; do
    attempt=$((attempt + 1))
    delay=$((RANDOM % (took / 4 + 1)))
    "$ws" "${command[@]}" -o killed-$round.jsonl --threads ${threads[attempt % 3]} >out 2>err &
    running=$!
    sleep "$((delay / 1000)).$(printf %03d $((delay % 1000)))"
    { kill -9 $running && wait $running; } 2>/dev/null
    if [ $? -eq 137 ]; then
        landed=$((landed + 1))
    else # it was complete before: look at it and begin another
        [ ! -s err ] || fail "$(cat err)"
        check "killed and gone on with, or straight on" cmp straight.jsonl killed-$round.jsonl
        round=$((round + 1))
    fi
done
[ $landed -eq $kills ] || fail "only $landed kills hit a running process"
accepts "${command[@]}" -o killed-$round.jsonl
check "killed and gone on with, or straight on" cmp straight.jsonl killed-$round.jsonl
echo "$landed kills, $((round + 1)) files, one takes $took ms"

endless=(generate "${settings[@]}" --count 10000000 -o endless.jsonl)
"$ws" "${endless[@]}" >out 2>err &
running=$!
awaits $running test -s endless.jsonl
"$ws" "${endless[@]}" >other.out 2>other.err
[ $? -eq 1 ] || fail "two processes write one file"
grep -q "'endless.jsonl' is held by another process" other.err || fail "nobody said who holds it"
kill -INT $running
wait $running
[ $? -eq 1 ] || fail "SIGINT did not end it"

for _ in {1..20}; do # it may be done before anybody sees that it began
    rm -rf stopped.jsonl*
    "$ws" "${command[@]}" -o stopped.jsonl >out 2>err &
    running=$!
    awaits $running test -s stopped.jsonl
    kill -INT $running 2>check.out
    wait $running
    status=$?
    [ $status -eq 0 ] || break
done
[ $status -eq 1 ] || fail "SIGINT ended it with $status"
says "stopped after" "of $texts texts; the same command goes on"
[ $(($(wc -l <stopped.jsonl) % 32)) -eq 0 ] || fail "a batch was not written whole"
accepts "${command[@]}" -o stopped.jsonl
check "stopped and gone on with" cmp straight.jsonl stopped.jsonl

finish
