#!/usr/bin/env bash
# Shards and the index on this disk: a shard of SHARD_FINGERPRINTS (5 10^7) made of documents of 37
# each, sorted in the default memory; its filter made, and probed 10^7 times; lookups, each with a full
# proof that is written as bytes, read and checked; an index of INDEX_SHARDS (1,000) shards of
# INDEX_FINGERPRINTS (10,000) each, beside the bare SHA-256 of its tiles, and the memory that merging
# asks for (MiB, not seconds). What 10^9 fingerprints would take at the same rate goes to stderr:
# INDEX_FINGERPRINTS=1000000 does them (30 GB of disk). Usage: bench_shard.sh BUILD
set -euo pipefail
shard_speed=$(realpath "$1")/bench/shard_speed
source "$(dirname "$0")/lib.bash"

scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/bench-shard.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
fingerprints=${SHARD_FINGERPRINTS:-50000000}

for i in 1 2 3; do
    mkdir "$scratch/$i"
    "$shard_speed" build "$fingerprints" "$scratch/$i"
    [ "$i" = 1 ] || rm -r "${scratch:?}/$i"
done | sort -n | sed -n 2p >"$scratch/built"
row "shard-build-$fingerprints" "$(cat "$scratch/built")" \
    "$(awk -v n="$fingerprints" 'BEGIN { print n / 5e6 }')" "limit: 5 million a second"

{ read -r made && read -r probed && read -r bits && read -r _; } < <("$shard_speed" filter "$scratch/1")
echo "a filter of $bits bits a fingerprint" >&2
row "shard-filter-$fingerprints" "$made" "$(cat "$scratch/built")" "making the shard"
row shard-probes-10000000 "$probed" 1 "limit: 10 million a second and core"

{ read -r middle && read -r late; } < <("$shard_speed" lookup "$scratch/1")
row shard-lookup-median-10000 "$(awk -v s="$middle" 'BEGIN { printf "%.9f", 10000 * s }')" 1 "limit: 100 us each"
row shard-lookup-p99-10000 "$(awk -v s="$late" 'BEGIN { printf "%.9f", 10000 * s }')" 1 "limit: 100 us each"

shards=${INDEX_SHARDS:-1000} each=${INDEX_FINGERPRINTS:-10000}
mkdir "$scratch/index"
"$shard_speed" shards "$shards" "$each" "$scratch/index"
{ read -r merged && read -r memory && read -r pairs; } < <("$shard_speed" merge "$scratch/index")
row "index-merge-${shards}x$each" "$merged" "$(seconds sha256sum "$scratch/index/index.tiles")" \
    "SHA-256 of its tiles"
row index-merge-memory "$memory" 2048 "limit: 2 GiB"
awk -v s="$merged" -v n="$pairs" 'BEGIN { printf "10^9 fingerprints at this rate: %.0f s\n", s * 1e9 / n }' >&2
