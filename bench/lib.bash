# What the benchmark scripts share. Sourced.

bench=$(dirname "${BASH_SOURCE[0]}")

# The machine's numpy may be told to use slow kernels; the peer is timed as Debian ships it.
peer() {
    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE /usr/bin/python3 "$bench/compare.py" "$@"
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

# row CLAIM OURS PEER PEER_NAME
row() {
    awk -v claim="$1" -v ours="$2" -v peer="$3" -v name="$4" \
        'BEGIN { printf "%s,%.4f,%s,%.4f,%.2f\n", claim, ours, name, peer, peer / ours }'
}

echo "claim,our seconds,peer,peer seconds,peer over ours"
