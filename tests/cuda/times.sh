# What a device is asked for, counted on a GPU that is played on the CPU and computes nothing; and the
# table of where its time goes.
. "$(dirname "$0")/../cli/lib.bash"

if [ -z "${WS_EMULATED_GPU:-}" ]; then
    echo "skipped: no GPU is played on the CPU here (no C++ compiler, or a build with sanitizers)"
    exit 77
fi
mkdir with
cp "$ws" with/wellspring
ln -s "$WS_EMULATED_GPU" with/wellspring-cuda.so
ws=$place/with/wellspring

make_corpus 800 >corpus.txt

trains() { # trains STEPS: its counts in counts-STEPS
    GPU_ON_CPU_IDLE=$place/counts-$1 accepts train corpus.txt -q -o "model-$1" --layers 2 --width 16 \
        --heads 2 --vocabulary 300 --block 8 --context 8 --batch 4 --steps "$1" --device cuda
}

a_step() { # a_step WORDS: how many more of them each of ten more steps asks for
    local few more
    few=$(sed -n "s/^$1 \([0-9]*\).*/\1/p" counts-5)
    more=$(sed -n "s/^$1 \([0-9]*\).*/\1/p" counts-15)
    echo $(((more - few) / 10)).$(((more - few) % 10))
}

# A step waits for the GPU once, when its gradient is there, and finds it done when it asks for the
# losses; it takes no memory, clears the gradient, and reads losses and sums of squares.
trains 5
trains 15
check "no step takes memory" test "$(a_step allocations)" = 0.0
check "a step asks twice whether all is done" test "$(a_step waits)" = 2.0
check "a step clears one block" test "$(a_step fills)" = 1.0
check "a step reads two arrays" test "$(a_step 'to the host')" = 2.0
check "a step launches kernels" test "$(a_step launches | cut -d . -f 1)" -gt 40
check "kernels are counted by their names" grep -q '^15 of .*update_weights' counts-15

export WELLSPRING_CUDA_TIMES=$place/times
GPU_ON_CPU_IDLE=$place/counts-timed accepts train corpus.txt -q -o timed --layers 2 --width 16 \
    --heads 2 --vocabulary 300 --block 8 --context 8 --batch 4 --steps 5 --device cuda
check "the table begins with the whole" grep -q '^# a device was open for [0-9.]* ms: the GPU worked' times
check "it counts calls" grep -qx '5,0.000,0.000,adamw' times
check "it counts waits" grep -q '^[0-9]*,0.000,[0-9.]*,waiting for results' times
finish
