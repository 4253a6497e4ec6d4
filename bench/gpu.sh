#!/usr/bin/env bash
# Tests and times Wellspring on an NVIDIA GPU, beside PyTorch where there is one, in slices of a few
# minutes: a machine that is there for eight minutes at a time gets all of it done.
#
#   bench/gpu.sh [OPTION...] [SLICE...]     the slices named, or all that are not done yet
#   bench/gpu.sh --table [-o FILE]          what was measured last, ours beside the peers'
#
#   -s SECONDS   begin no slice that may end later than so many from now (450)
#   -w FOLDER    where runs, logs and the list of slices done are (runs/gpu)
#   -t FOLDER    wiki.train.tokens and wiki.valid.tokens of WikiText-2, plain, .xz or .zst; without it
#                the six novels that the bundle carries stand in, and work is named so
#   -b FOLDER    the model that the Nature protocol starts from, OPT-125m in Hugging Face's form, say;
#                without it the slice `base` trains one of that shape on the text
#   -m FOLDER    of more models with reference.safetensors, as in tests/golden/models
#   -o FILE      results, appended to (bench/results/<GPU>.csv)
#   -d DEVICE    cuda:0
#
# It runs in a bundle (./dev bundle --with-tests) or in the source tree, whose bundle it uses. Exit
# status: 0 all done, 75 slices are left (call it again), 77 there is no GPU, 1 something failed.
set -uo pipefail

root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
bundle=$root
if [ ! -x "$bundle/bin/wellspring" ]; then
    bundle=$(find "$root/build/bundle" -maxdepth 1 -type d -name "wellspring-*" 2>/dev/null |
        head -n 1)
fi

# In order of worth, where time is short: where it goes in real runs, what shows that numbers are
# right, what is fast, what takes long, and what others take. nature-4 goes on to generation 3.
slices="base profile tests sanitize train-512x64 train-128x64 train-32x1024 sample-1024 beam5-256
scratch-lm nature-1 nature-4 nature-7 nature-10 own-products peers-train peers-sample peers-beam
peers-scratch-lm"

budget=450
work=runs/gpu
texts=
models=
base=
results=
device=cuda:0
table=

say() {
    printf 'gpu.sh: %s\n' "$*" >&2
}

die() {
    say "$@"
    exit 1
}

# The longest that a slice may take, in seconds; it is stopped after that.
limit_of() {
    case $1 in
    tests | sanitize) echo 150 ;;
    peers-*) echo 150 ;;
    base) echo 120 ;;
    nature-1 | scratch-lm) echo 90 ;;
    nature-*) echo 280 ;;
    profile) echo 90 ;;
    train-* | sample-* | beam5-* | own-products) echo 60 ;;
    *) return 1 ;;
    esac
}

# ---- What is where ----

gpu_name() {
    nvidia-smi --query-gpu=name --format=csv,noheader -i "${device#cuda:}" 2>/dev/null | head -n 1
}

# "NVIDIA H100 80GB HBM3" -> h100
short_name() {
    tr '[:upper:]' '[:lower:]' <<<"$1" | sed 's/^nvidia //; s/[ -].*//'
}

# cuBLASLt does not travel with the bundle: it is where CUDA or PyTorch were installed, if anywhere.
find_cublaslt() {
    local found=${WELLSPRING_CUBLASLT:-}
    [ "$found" ] || found=$(find /usr/local/cuda*/ /usr/lib /opt "$HOME" \
        -name 'libcublasLt.so.1[23]' -print -quit 2>/dev/null)
    if [ "$found" ]; then export WELLSPRING_CUBLASLT=$found; fi
    say "cuBLASLt: ${found:-none here, so that matrix products are our own}"
}

# text_of PART: the path of WikiText-2's train or valid text, inflated where it must be.
text_of() {
    local name=wiki.$1.tokens path
    for path in "$texts/$name" "$texts/$name.zst" "$work/$name"; do
        if [ -f "$path" ]; then
            realpath "$path"
            return
        fi
    done
    [ -f "$texts/$name.xz" ] || return
    { xz -dc "$texts/$name.xz" 2>/dev/null || python3 -c '
import lzma, shutil, sys
shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$texts/$name.xz"; } >"$work/$name"
    realpath "$work/$name"
}

# Settings of experiments on the text there is; `corpus_name` says which.
find_text() {
    corpus_name=austen
    corpus_settings=()
    training_text=$bundle/share/wellspring/corpus/austen.txt.zst
    validation_text=
    if [ "$texts" ]; then
        training_text=$(text_of train)
        validation_text=$(text_of valid)
        if [ -z "$training_text" ] || [ -z "$validation_text" ]; then
            die "no wiki.train.tokens and wiki.valid.tokens in '$texts'"
        fi
        corpus_name=wikitext-2
        corpus_settings=(--set "corpus=$training_text" --set "test_corpus=$validation_text"
            --set test_items=0)
    fi
}

# ---- Results ----

columns='date,machine,commit,work,program,value,unit'

# keep WORK PROGRAM VALUE UNIT
keep() {
    mkdir -p "${results%/*}"
    [ -s "$results" ] || printf '%s\n' "$columns" >"$results"
    printf '%s,%s,%s,%s,%s,%s,%s\n' "$(date -u +%F)" "$machine" "$commit" "$1" "$2" "$3" "$4" \
        >>"$results"
}

# What the last measurement of each program says, a line a peer: work, ours, unit, peer, its, ratio.
print_table() {
    awk -F , '
        $1 ~ /^[0-9]/ {
            key = $4 SUBSEP $5
            value[key] = $6
            unit[$4] = $7
            if ($5 == "wellspring") { if (!($4 in ours)) order[++works] = $4; ours[$4] = $6 }
            else if (!(key in known)) { known[key]; peers[$4] = peers[$4] SUBSEP $5 }
        }
        END {
            print "work,ours,unit,peer,of peer,ours over peer"
            for (i = 1; i <= works; i++) {
                work = order[i]
                count = split(substr(peers[work], 2), names, SUBSEP)
                if (count == 0) printf "%s,%s,%s,,,\n", work, ours[work], unit[work]
                for (j = 1; j <= count; j++) {
                    its = value[work SUBSEP names[j]]
                    ratio = unit[work] == "s" ? its / ours[work] : ours[work] / its
                    printf "%s,%s,%s,%s,%s,%.2f\n", work, ours[work], unit[work], names[j],
                           its, ratio
                }
            }
        }' "$results"
}

# ---- Slices ----

wellspring() {
    "$bundle/bin/wellspring" "$@"
}

# Prints how many seconds a command took; its output goes to the log.
seconds() {
    local start
    start=$(date +%s.%N)
    "$@" >&2 || return
    awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f\n", b - a }'
}

# Peers compile for a minute; on a machine of several processors they may do that beside the tests.
warm_peers() {
    if command -v python3 >/dev/null && [ "$(nproc)" -gt 4 ]; then
        timeout 120 python3 "$root/bench/peers/gpu_torch.py" --warm train-512x64 train-32x1024 \
            sample-1024 sample-1024-sums scratch-lm
    fi
}

# Every test and every model is tried, whatever the one before said.
run_tests() {
    local program model failed=0 passed=0
    export WS_CUDA_MODULE=$bundle/lib/wellspring/wellspring-cuda.so
    warm_peers &
    for program in test_cuda test_models test_decoding; do
        if [ ! -x "$bundle/tests/$program" ]; then
            echo "skipped: $program (not in the bundle)"
            continue
        fi
        (cd "$bundle" && "tests/$program")
        case $? in
        0) passed=$((passed + 1)) ;;
        77) echo "skipped: $program (as it says itself)" ;;
        *) failed=$((failed + 1)) ;;
        esac
    done
    for model in "$bundle"/tests/golden/models/*/ ${models:+"$models"/*/}; do
        [ -f "$model/reference.safetensors" ] || continue
        if wellspring evaluate "$model" --reference "$model/reference.safetensors" \
            --device "$device" --precision f32; then
            passed=$((passed + 1))
        else
            echo "failed: $model"
            failed=$((failed + 1))
        fi
    done
    wait || true
    keep tests wellspring "$passed" passed
    keep tests wellspring "$failed" failed
    [ "$failed" = 0 ]
}

# sanitize SANITIZER TOOL: the operations' tests in bf16, as far as they get in their time. That memory
# runs out in one of them is meant. The matrix library is left out, but for memcheck: its kernels write
# in a way that initcheck does not see, and racecheck finds hazards in them, which are not ours.
sanitize() {
    local log status errors
    log=$(realpath "$work")/$2.log
    [ "$2" = memcheck ] || export WELLSPRING_CUBLASLT=none
    (cd "$bundle" && WS_CUDA_SHORT=1 WS_CUDA_MODULE=lib/wellspring/wellspring-cuda.so \
        timeout 100 "$1" --tool "$2" --report-api-errors no --error-exitcode 9 \
        tests/test_cuda bf16) >"$log" 2>&1
    status=$?
    errors=$(grep -cE '^=+ (Invalid|Misaligned|Error: |Race|Potential|Uninitialized)' "$log")
    case $status in
    0) keep "sanitize-$2" wellspring "$errors" errors ;;
    124) keep "sanitize-$2" wellspring "$errors" "errors until it was stopped" ;;
    *)
        keep "sanitize-$2" wellspring "$errors" "errors; exit status $status"
        tail -n 5 "$log"
        ;;
    esac
    # What was found, and in which kernels.
    grep -E '^=+ +(Invalid|Misaligned|Error: |Race|Potential|Uninitialized|at )' "$log" |
        sed 's/0x[0-9a-f]*//g; s/([0-9,]*)//g' | sort | uniq -c | sort -rn | head -n 12
    [ "$errors" = 0 ] && { [ "$status" = 0 ] || [ "$status" = 124 ]; }
}

run_sanitizers() {
    local sanitizer tool job failed=0 jobs=()
    sanitizer=$(PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer) || {
        echo "skipped: compute-sanitizer (not here)"
        return
    }
    if [ ! -x "$bundle/tests/test_cuda" ]; then
        echo "skipped: compute-sanitizer (no test_cuda in the bundle)"
        return
    fi
    for tool in memcheck racecheck initcheck; do
        sanitize "$sanitizer" "$tool" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do
        wait "$job" || failed=1
    done
    [ "$failed" = 0 ]
}

opt_125m=(opt 12 768 12 50272)

# bench PROGRAM FIELD WORK ARGUMENT...: keeps that number of what the program prints, as of `who`.
who=wellspring
bench() {
    local printed
    printed=$("$bundle/bench/$1" "${@:4}" "$(nproc)" "$device" bf16 \
        "$bundle/lib/wellspring/wellspring-cuda.so") || return
    keep "$3" "$who" "$(cut -d ' ' -f "$2" <<<"$printed")" tokens/s
}

# peers WORK...: the rows of PyTorch, whatever became of other works.
peers() {
    local name program value unit
    command -v python3 >/dev/null || { echo "skipped: PyTorch (no python3 here)" && return; }
    python3 "$root/bench/peers/gpu_torch.py" "$@" >"$work/peers.csv"
    local status=$?
    while IFS=, read -r name program value unit; do
        keep "$name" "$program" "$value" "$unit"
    done <"$work/peers.csv"
    return "$status"
}

run_scratch_lm() {
    local took
    rm -rf "$work/scratch-lm-$corpus_name" # what is timed is the whole
    took=$(seconds wellspring run scratch-lm -o "$work/scratch-lm-$corpus_name" -q \
        --set policies=replace --set control=false --set vary=temperature=1 \
        --set generations=8 --set seeds=1 --set "device=$device" "${corpus_settings[@]}") || return
    keep "scratch-lm-arm-$corpus_name" wellspring "$took" s
    keep_phases "scratch-lm-arm-$corpus_name" "$work/scratch-lm-$corpus_name/events.log"
}

# keep_phases WORK LOG [GENERATION]: the seconds of each phase over all generations, or of that one, as
# the run's log has them; and what of the fit is not its steps, and what drafts took. What the whole
# took beside them is before the first generation and after the last.
keep_phases() {
    local phase value
    sed -n "s/.* generation ${3:-[0-9]*}: //p" "$2" |
        sed 's/; of these \([0-9.]*\) s to[^,]*, \([0-9.]*\) s after[^,]*, \([0-9.]*\) s for.*/, \
fit-begins \1 s, fit-ends \2 s, drafts \3 s/' | tr , '\n' |
        awk 'NF { sum[$1] += $2 } END { for (phase in sum) printf "%s %.2f\n", phase, sum[phase] }' |
        sort | while read -r phase value; do
            keep "$1-$phase" wellspring "$value" s
        done
}

# What a generation took by the log: all phases but those within others.
generation_seconds() {
    sed -n "s/.* generation $2: //p" "$1" | tail -n 1 | sed 's/;.*//' | tr , '\n' |
        awk '{ sum += $2 } END { printf "%.2f\n", sum }'
}

# What was stopped goes on where it was: then its time is not that of the whole, and says so.
whole_or_not() {
    if [ -f "$work/$1.resumed" ]; then echo "wellspring (resumed)"; else echo wellspring; fi
}

# The model that the Nature protocol starts from, where there is no OPT-125m: its shape, and a
# tokenizer of up to its size, trained on the same human text.
run_base() {
    local took
    if [ "$base" ]; then
        echo "skipped: training a base model ($base is given)"
        return
    fi
    took=$(seconds wellspring train "$training_text" -o "$work/base-of-$corpus_name" -q \
        --architecture opt --layers 12 --width 768 --heads 12 --context 2048 --vocabulary 50272 \
        --block 128 --batch 128 --epochs 4 --learning-rate 6e-4 --warmup 50 --schedule cosine \
        --device "$device" ${validation_text:+--validation "$validation_text"}) || return
    keep "nature-base-$corpus_name" "$(whole_or_not base)" "$took" s
}

# nature_lm FOLDER SETTING...: one arm and seed of the Nature protocol, from the base model.
nature_lm() {
    local start=${base:-$work/base-of-$corpus_name} settings=() setting
    [ -f "$start/config.json" ] || die "no base model in '$start': the slice 'base' trains one"
    for setting in "${@:2}"; do settings+=(--set "$setting"); done
    if [ "$texts" ]; then
        settings+=(--set "validation_corpus=$validation_text" --set validation_items=0)
    fi
    wellspring run nature-lm -o "$1" -q --set "base=$start" --set policies=replace \
        --set control=false --set seeds=1 --set "device=$device" "${corpus_settings[@]}" \
        "${settings[@]}"
}

# Up to so many generations: the run goes on where the slice before left it.
run_nature() {
    local took generation generations=$1 name
    name=$corpus_name-from-$(basename "${base:-$work/base-of-$corpus_name}")
    local log=$work/nature-$name/events.log first
    first=$(grep -c ' generation [0-9]*: ' "$log" 2>/dev/null || true)
    took=$(seconds nature_lm "$work/nature-$name" vary=epochs=5 "generations=$generations") || return
    for ((generation = ${first:-0}; generation < generations; generation++)); do
        keep "nature-generation-$generation-$name" wellspring \
            "$(generation_seconds "$log" "$generation")" s
        keep_phases "nature-generation-$generation-$name" "$log" "$generation"
    done
    keep "nature-generations-${first:-0}-to-$((generations - 1))-$name" \
        "$(whole_or_not "nature-$generations")" "$took" s
}

# Where the time of a step and of a short real run goes: the program's log, and a table by the GPU's
# events for each time that the run opened it, fit, sample and score, which stay in `$work`.
run_profile() {
    local tables=$work/profile-times.txt run=$work/profile-run
    rm -rf "$tables" "$run"
    WELLSPRING_CUDA_TIMES=$tables "$bundle/bench/training" "${opt_125m[@]}" 128 64 10 "$(nproc)" \
        "$device" bf16 "$bundle/lib/wellspring/wellspring-cuda.so" || return
    # 64 steps an epoch, as many blocks to continue.
    WELLSPRING_CUDA_TIMES=$tables nature_lm "$run" vary=epochs=2 generations=2 items=8192 || return
    keep_phases "profile-nature-8192x2" "$run/events.log"
    cp "$tables" "${results%.csv}-times.txt"
    grep ' generation [0-9]*: ' "$run/events.log" | sed 's/^/shown: /'
    awk '/^# / { n = $7 < 100 ? 99 : 0 } n++ < 16 { print "shown: " $0 }' "$tables"
}

run_slice() {
    case $1 in
    tests) run_tests ;;
    sanitize) run_sanitizers ;;
    profile) run_profile ;;
    train-128x64) bench training 1 "$1" "${opt_125m[@]}" 128 64 40 ;;
    train-512x64) bench training 1 "$1" "${opt_125m[@]}" 512 64 20 ;;
    train-32x1024) bench training 1 "$1" "${opt_125m[@]}" 32 1024 20 ;;
    sample-1024) bench sampling 2 "$1" "${opt_125m[@]}" 1024 64 64 1 ;;
    beam5-256) bench sampling 2 "$1" "${opt_125m[@]}" 256 64 64 5 ;;
    own-products)
        export WELLSPRING_CUBLASLT=none
        who="wellspring without cuBLASLt"
        bench training 1 train-512x64 "${opt_125m[@]}" 512 64 20 &&
            bench sampling 2 sample-1024 "${opt_125m[@]}" 1024 64 64 1
        ;;
    peers-train) peers train-512x64 train-32x1024 ;;
    peers-sample) peers sample-1024 sample-1024-sums generate-1024 ;;
    peers-beam) peers beam5-256 ;;
    peers-scratch-lm) peers scratch-lm ;;
    scratch-lm) run_scratch_lm ;;
    base) run_base ;;
    nature-*) run_nature "${1#nature-}" ;;
    esac
}

# ---- One after the other ----

rows() {
    grep -c '' "$results" 2>/dev/null || true
}

# In a process of its own, which can be stopped when it takes too long. What it measured is shown, and
# of its log what was skipped or is to be shown; all of the end where it failed.
slice() {
    local log=$work/$1.log before status
    before=$(rows)
    [ ! -f "$work/$1.begun" ] || touch "$work/$1.resumed"
    touch "$work/$1.begun"
    timeout --kill-after=10 "$(limit_of "$1")" "$BASH" "$0" --inside "${options[@]}" "$1" \
        >"$log" 2>&1
    status=$?
    tail -n "+$((${before:-0} + 1))" "$results" 2>/dev/null
    grep -E '^(skipped|shown): ' "$log"
    if [ $status = 0 ]; then
        rm -f "$work/$1.begun" "$work/$1.resumed"
        printf '%s\n' "$1" >>"$work/done"
        return
    fi
    say "$1 failed with $status; the end of $log:"
    tail -n 40 "$log" >&2
    return 1
}

is_done() {
    grep -qx "$1" "$work/done" 2>/dev/null
}

run_slices() {
    local name failed=0
    for name in "$@"; do
        limit_of "$name" >/dev/null || die "there is no slice '$name', only: ${slices//$'\n'/ }"
    done
    for name in "$@"; do
        if [ $((SECONDS + $(limit_of "$name"))) -gt "$budget" ]; then
            say "stopped before $name: $SECONDS s are gone, and it may take $(limit_of "$name")"
            return 75
        fi
        say "$name"
        slice "$name" || failed=1
    done
    return $failed
}

options=()
inside=
while [ $# -gt 0 ]; do
    [[ $1 != -[swtbmod] || $# -gt 1 ]] || die "$1 wants a value"
    case $1 in
    -s) budget=$2 ;;
    -w) work=$2 ;;
    -t) texts=$2 ;;
    -m) models=$2 ;;
    -b) base=$2 ;;
    -o) results=$2 ;;
    -d) device=$2 ;;
    --table | --inside)
        declare "${1#--}=1"
        shift
        continue
        ;;
    -h | --help)
        sed -n '2,/^set /{ /^#/s/^# \{0,1\}//p }' "$0"
        exit
        ;;
    -*) die "there is no option '$1'; --help tells of them" ;;
    *) break ;;
    esac
    options+=("$1" "$2")
    shift 2
done

machine=$(gpu_name)
results=${results:-bench/results/$(short_name "${machine:-none}").csv}
[[ $results == */* ]] || results=./$results
if [ "$table" ]; then
    print_table
    exit
fi
[ "$bundle" ] || die "no bundle here: ./dev bundle --with-tests makes one"
commit=$(cat "$bundle/commit")
if [ -z "$machine" ]; then
    say "there is no NVIDIA GPU here: nvidia-smi finds none"
    exit 77
fi
mkdir -p "$work" || exit
find_text
if [ "$inside" ]; then
    run_slice "$1"
    exit
fi
find_cublaslt
say "$machine, commit $commit, text $corpus_name; results in $results"
if [ $# = 0 ]; then
    # shellcheck disable=SC2046,SC2086 # words
    set -- $(for name in $slices; do is_done "$name" || echo "$name"; done)
fi
run_slices "$@"
