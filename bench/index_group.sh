#!/usr/bin/env bash
# What a mirror does: `wellspring index build` of a log that names INDEX_SHARDS (1,000) shards of
# INDEX_FINGERPRINTS (10^6) each, in a control group of GROUP_MIB (2,048) in which the page cache
# counts. The shards are verified and merged, and nothing of them is in memory before. Beside it the
# bare SHA-256 of what is read and written, in a group of the same size. Prints CSV rows, the group's
# peak in MiB. It takes root, a memory controller (cgroup v1 or v2), 30 GB of disk and half an hour,
# so `./dev bench` leaves it out. Usage: index_group.sh BUILD
set -euo pipefail
build=$(realpath "$1")
source "$(dirname "$0")/lib.bash"
shards=${INDEX_SHARDS:-1000} each=${INDEX_FINGERPRINTS:-1000000} mib=${GROUP_MIB:-2048}
controllers=${CGROUP:-/sys/fs/cgroup}

die() {
    echo "index_group.sh: $*" >&2
    exit 1
}

# ---- The group ----

if [ -w "$controllers/memory/memory.limit_in_bytes" ]; then
    groups=$controllers/memory limit=memory.limit_in_bytes peak=memory.max_usage_in_bytes
elif grep -qsw memory "$controllers/cgroup.subtree_control"; then
    groups=$controllers limit=memory.max peak=memory.peak
else
    die "no memory controller that can be written in '$controllers'"
fi

# grouped COMMAND...: in a group of its own; `group_peak` is the MiB that were used at most.
grouped() {
    local group=$groups/index-group-$$ status=0
    mkdir "$group"
    echo $((mib << 20)) >"$group/$limit"
    # shellcheck disable=SC2016 # the shell inside expands it
    bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@" || status=$?
    group_peak=$(($(cat "$group/$peak") >> 20))
    rmdir "$group"
    return "$status"
}

# forget FILE...: they are written out and leave the page cache.
forget() {
    sync "$@"
    local file
    for file in "$@"; do
        dd if="$file" iflag=nocache count=0 status=none
    done
}

# timed COMMAND...: in a group; `elapsed` is its seconds.
timed() {
    local start
    start=$(date +%s.%N)
    grouped "$@"
    elapsed=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
}

# ---- The log ----

scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/index-group.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir shards
"$build/bench/shard_speed" shards "$shards" "$each" shards
"$build/wellspring" ledger keys key --make log.example >/dev/null
"$build/wellspring" ledger init log --key key >/dev/null
for ((first = 0; first < shards; first += 100)); do
    last=$((first + 99 < shards ? first + 99 : shards - 1))
    names=$(seq -f 'shards/%.0f.shard' -s ', ' "$first" "$last")
    printf '%s\n' 'kind: human-archive' 'collection: bench.example' 'method: made' 'documents: 1' \
        'started: 2020-01-01T00:00:00Z' 'ended: 2020-01-02T00:00:00Z' "shards: [$names]" >archive.yaml
    "$build/wellspring" ledger add log archive.yaml --issuer key >/dev/null
done
"$build/wellspring" ledger publish log --key key >/dev/null

# ---- The index ----

forget shards/*
timed "$build/wellspring" index build log --shards shards --out index >&2
built=$elapsed built_peak=$group_peak
forget shards/* index.tiles
timed sha256sum -- shards/*.tiles shards/*.documents index.tiles >/dev/null
row "index-build-${shards}x$each" "$built" "$elapsed" "SHA-256 of what it reads and writes"
row index-build-group "$built_peak" "$mib" "limit: MiB of the group, page cache included"
