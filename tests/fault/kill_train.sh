# Kill -9 a training at random moments: the same command goes on, and the finished directory is byte
# for byte that of an uninterrupted one, for 1, 2 and 7 threads.
. "$(dirname "$0")/../cli/lib.bash"

make_corpus 4000 >corpus.txt
make_corpus 400 >other.txt
settings=(corpus.txt -q --validation other.txt --layers 1 --width 16 --heads 2 --context 32
    --block 32 --vocabulary 300 --epochs 12 --dropout 0.1 --batch 8 --micro-batch 3 --schedule
    cosine --warmup 5 --validate-every 7 --keep-best)

kills=15
if $sanitized; then kills=5; fi
RANDOM=1
threads=(1 2 7)
checkpoints=(0 0.05)

now() {
    echo $((${EPOCHREALTIME/./} / 1000))
}

start=$(now)
accepts train "${settings[@]}" -o straight --threads 1 --checkpoint-seconds 1e9
took=$(($(now) - start))
accepts train "${settings[@]}" -o often --threads 2 --checkpoint-seconds 0
check "checkpoints change nothing" diff -r straight often

landed=0
attempt=0
round=0
resumed=0
while { [ $landed -lt $kills ] || [ $resumed -eq 0 ]; } && [ $attempt -lt $((10 * kills)) ]; do
    attempt=$((attempt + 1))
    delay=$((RANDOM % (took / 2 + 1)))
    [ ! -e killed-$round/trainer.state ] || resumed=$((resumed + 1))
    "$ws" train "${settings[@]}" -o killed-$round --threads ${threads[attempt % 3]} \
        --checkpoint-seconds ${checkpoints[attempt % 2]} >out 2>err &
    running=$!
    sleep "$((delay / 1000)).$(printf %03d $((delay % 1000)))"
    { kill -9 $running && wait $running; } 2>/dev/null
    if [ $? -eq 137 ]; then
        landed=$((landed + 1))
    else # it was complete before: look at it and begin another
        [ ! -s err ] || fail "$(cat err)"
        accepts train "${settings[@]}" -o killed-$round
        check "killed and resumed, or straight on" diff -r straight killed-$round
        round=$((round + 1))
    fi
done
[ $landed -ge $kills ] || fail "only $landed kills hit a running process"
accepts train "${settings[@]}" -o killed-$round
check "killed and resumed, or straight on" diff -r straight killed-$round
[ $resumed -gt 0 ] || fail "no kill left a state to go on from"
echo "$landed kills, $((round + 1)) trainings, $resumed times from a state; one takes $took ms"

finish
