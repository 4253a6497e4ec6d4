# What the benchmark scripts share. Sourced.

bench=$(dirname "${BASH_SOURCE[0]}")

# The machine's numpy may be told to use slow kernels; the peer is timed as Debian ships it.
peer() {
    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE /usr/bin/python3 "$bench/compare.py" "$@"
}

# Debian's scikit-learn: prints seconds and what it found.
sklearn() {
    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE /usr/bin/python3 "$bench/densities.py" "$@"
}

# agree OURS PEERS: the same number but for rounding, or it is no comparison.
agree() {
    awk -v a="$1" -v b="$2" 'BEGIN { exit !((a - b) ^ 2 <= (1e-6 * b) ^ 2) }' ||
        { echo "ours found $1 and the peer $2" >&2; return 1; }
}

# seconds COMMAND...: the median wall time of three runs, output thrown away.
seconds() {
    local i start end
    for i in 1 2 3; do
        start=$(date +%s.%N)
        "$@" >/dev/null
        end=$(date +%s.%N)
        awk -v a="$start" -v b="$end" 'BEGIN { printf "%.6f\n", b - a }'
    done | sort -n | sed -n 2p
}

# Debian's PyTorch, tuned: OpenBLAS with OpenMP threads and kernels for the core type in
# `torch_core` (unset, those that OpenBLAS takes an unknown processor for are slow), and memory that
# is kept instead of given back.
#
#     torch SCRIPT ARGUMENT...
torch() {
    local script=$1
    shift
    env LD_PRELOAD="$torch_blas" OPENBLAS_CORETYPE="$torch_core" OMP_NUM_THREADS="$(nproc)" \
        MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8589934592 MALLOC_TOP_PAD_=268435456 \
        /usr/bin/python3 "$bench/$script" "$@"
}

# find_torch SCRIPT ARGUMENT...: fails when there is no PyTorch to tune; else sets `torch_core` to
# the type with which the script prints the largest number.
find_torch() {
    local type speed best=0 fastest=
    torch_blas=$(find /usr/lib -path '*/openblas-openmp/libopenblas.so.0' 2>/dev/null | head -n 1)
    if [ -z "$torch_blas" ] || ! /usr/bin/python3 -c 'import torch' 2>/dev/null; then
        echo "no python3-torch and libopenblas0-openmp here: PyTorch is left out" >&2
        return 1
    fi
    for type in SKYLAKEX COOPERLAKE ZEN HASWELL; do
        torch_core=$type
        speed=$(torch "$@" 2>/dev/null | cut -d' ' -f1) || continue
        if awk -v a="${speed:-0}" -v b="$best" 'BEGIN { exit !(a > b) }'; then
            best=$speed
            fastest=$type
        fi
    done
    torch_core=$fastest
    [ -n "$fastest" ]
}

# many_runs COUNT: makes runs/run-00001 and so on, each the description of one run under another name.
many_runs() {
    "$program" run gaussian -q -o one --set generations=2 --set seeds=1
    mkdir runs
    awk -v count="$1" '
        { text = text $0 "\n" }
        END {
            for (i = 1; i <= count; i++) {
                copy = text
                sub(/"name": "gaussian"/, "\"name\": \"run-" i "\"", copy)
                directory = sprintf("runs/run-%05d", i)
                system("mkdir " directory)
                printf "%s", copy >(directory "/run.json")
                close(directory "/run.json")
            }
        }' one/run.json
}

# row CLAIM OURS PEER PEER_NAME
row() {
    awk -v claim="$1" -v ours="$2" -v peer="$3" -v name="$4" '
        function field(text) { return text ~ /,/ ? "\"" text "\"" : text }
        BEGIN { printf "%s,%.4f,%s,%.4f,%.2f\n", field(claim), ours, field(name), peer, peer / ours }'
}

echo "${columns:-claim,our seconds,peer,peer seconds,peer over ours}"
