# Kill -9 at random moments: the same command goes on, and the finished run is byte for byte that of
# an uninterrupted one, for 1, 2 and 7 threads. Ten kills of each experiment, six of transformers; under
# sanitizers, which are slow, five and three.
. "$(dirname "$0")/../cli/lib.bash"

all=replace,keep:0.2,mix:0.4:0.3:0.3,accumulate,accumulate-subsample,augment,fresh:0.1
policies=$all
cat >discrete.yaml <<END
family: discrete
source: zipf
types: 300
items: 400
test_items: 200
generations: 12
seeds: 4
END
cat >gaussian.yaml <<END
family: gaussian
source: normal
dimension: 2
items: 30
generations: 15
seeds: 6
measure_every: 2
growth: linear:0.1
END
cat >long.yaml <<END
family: gaussian
source: normal
items: 30
generations: 530 # a part of 512 generations, of which 256 are measured, and another
seeds: 6
measure_every: 2
END
cat >gmm.yaml <<END
family: gmm
source: normal
dimension: 2
items: 300
test_items: 20
tolerance: 1e-5
generations: 25
seeds: 6
END
cat >kde.yaml <<END
family: kde
rule: scott
source: moons
items: 200
test_items: 100
generations: 12
seeds: 20
END
cat >regression.yaml <<END
family: regression
source: linear
inputs: 3
items: 30
generations: 15
seeds: 6
END
cat >poisson.yaml <<END
family: poisson
source: poisson
items: 30
generations: 15
seeds: 6
END
cat >ngram.yaml <<END
family: ngram
source: text
corpus: corpus.txt
block: 100
items: 60
test_items: 40
fresh_items: 60
generations: 8
seeds: 2
keep_every: 3
END
cat >transformer.yaml <<END
family: transformer
source: text
corpus: corpus.txt
unit: bpe
vocabulary: 300
block: 16
items: 16
test_items: 8
fresh_items: 16
layers: 1
width: 16
heads: 2
context: 16
epochs: 2
batch: 4
dropout: 0.1
decode_batch: 4
generations: 2
seeds: 1
keep_models: true
END
make_corpus 20000 >corpus.txt

smaller=() # what a run is begun with before it is killed
kills=10
if $sanitized; then kills=5; fi
RANDOM=1
threads=(1 2 7)
checkpoints=(0 0.05)

now() {
    echo $((${EPOCHREALTIME/./} / 1000))
}

# Starts and kills until `kills` have hit a running process.
test_family() {
    local family=$1 start took delay landed=0 attempt=0 round=0
    accepts run "$family.yaml" -q -o "$family-straight" --policies "$policies" --threads 1 \
        --checkpoint-seconds 1e9
    start=$(now)
    accepts run "$family.yaml" -q -o "$family-often" --policies "$policies" --threads 2 \
        --checkpoint-seconds 0
    took=$(($(now) - start))
    check "$family: checkpoints change nothing" same_runs "$family-straight" "$family-often"
    while [ $landed -lt $kills ] && [ $attempt -lt $((10 * kills)) ]; do
        local run=$family-killed-$round
        attempt=$((attempt + 1))
        # One that grew: its chains stand at different steps.
        [ ${#smaller[@]} -eq 0 ] || [ -d "$run" ] ||
            accepts run "$family.yaml" -q -o "$run" --policies "$policies" "${smaller[@]}"
        delay=$((RANDOM % (took / 4 + 1)))
        "$ws" run "$family.yaml" -q -o "$run" --policies "$policies" \
            --threads ${threads[attempt % 3]} --checkpoint-seconds ${checkpoints[attempt % 2]} \
            >out 2>err &
        local running=$!
        sleep "$((delay / 1000)).$(printf %03d $((delay % 1000)))"
        { kill -9 $running && wait $running; } 2>/dev/null
        if [ $? -eq 137 ]; then
            landed=$((landed + 1))
        else # it was complete before: look at it and begin another
            [ ! -s err ] || fail "$family: $(cat err)"
            complete "$family" "$run" $attempt
            round=$((round + 1))
        fi
    done
    [ $landed -eq $kills ] || fail "$family: only $landed kills hit a running process"
    complete "$family" "$family-killed-$round" $attempt
    echo "$family: $landed kills, $((round + 1)) runs, a run takes $took ms"
}

complete() {
    accepts run "$1.yaml" -q -o "$2" --policies "$policies" --threads ${threads[$3 % 3]}
    check "$1: killed and resumed, or straight on" same_runs "$1-straight" "$2"
}

# A step of a transformer is long, so kills are inside of one: as soon as a draft is stored, of the
# fit, of the sample for metrics, or of the next training set.
test_drafts() {
    local landed=0 attempt=0 round=0 resumed=0 phases=(fit sample output) run phase running
    accepts run transformer.yaml -q -o transformer-straight --policies "$policies" --threads 1 \
        --checkpoint-seconds 1e9
    while { [ $landed -lt $kills ] || [ $resumed -eq 0 ]; } && [ $attempt -lt $((10 * kills)) ]; do
        run=transformer-killed-$round
        phase=${phases[landed % 3]}
        attempt=$((attempt + 1))
        ! compgen -G "$run/arms/*/*.draft" >/dev/null || resumed=$((resumed + 1))
        touch begun
        "$ws" run transformer.yaml -q -o "$run" --policies "$policies" \
            --threads ${threads[attempt % 3]} --checkpoint-seconds 0 >out 2>err &
        running=$!
        while kill -0 $running 2>/dev/null &&
            ! find "$run" -name "*.$phase.draft" -newer begun 2>/dev/null | grep -q .; do
            sleep 0.00$((RANDOM % 10))
        done
        { kill -9 $running && wait $running; } 2>/dev/null
        if [ $? -eq 137 ]; then
            landed=$((landed + 1))
        else # it was complete before: look at it and begin another
            [ ! -s err ] || fail "transformer: $(cat err)"
            complete transformer "$run" $attempt
            round=$((round + 1))
        fi
    done
    [ $landed -ge $kills ] || fail "transformer: only $landed kills hit a running process"
    [ $resumed -gt 0 ] || fail "transformer: no kill left a half-done step"
    complete transformer "transformer-killed-$round" $attempt
    echo "transformer: $landed kills, $((round + 1)) runs, $resumed times from a half-done step"
}

test_family discrete
test_family gaussian
test_family gmm
test_family kde
policies=replace,accumulate-subsample
smaller=(--generations 300 --seeds 2)
test_family long
policies=$all
smaller=()
test_family ngram
test_family regression
test_family poisson

policies=replace,keep:0.2
kills=6
if $sanitized; then kills=3; fi
test_drafts

finish
