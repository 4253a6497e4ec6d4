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
command=(generate model -q --count $texts --new-tokens 20 --decode-batch 32)

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

"$ws" "${command[@]}" -o stopped.jsonl >out 2>err &
running=$!
for _ in $(seq 600); do
    [ -s stopped.jsonl ] && break
    sleep 0.01
done
"$ws" "${command[@]}" -o stopped.jsonl >other.out 2>other.err
[ $? -eq 1 ] || fail "two processes write one file"
grep -q "'stopped.jsonl' is held by another process" other.err || fail "nobody said who holds it"
kill -INT $running
wait $running
[ $? -eq 1 ] || fail "SIGINT did not end it"
says "stopped after" "of $texts texts; the same command goes on"
[ $(($(wc -l <stopped.jsonl) % 32)) -eq 0 ] || fail "a batch was not written whole"
accepts "${command[@]}" -o stopped.jsonl
check "stopped and gone on with" cmp straight.jsonl stopped.jsonl

finish
