#!/usr/bin/env bash
# A log over HTTP: 100,000 full tiles, each somewhere in a log of 100,000 entries, read over 64 connections that
# are kept. Client and server share this machine's processors. Usage: bench_log_site.sh BUILD
set -euo pipefail
tile_reads=$(realpath "$1")/bench/tile_reads
source "$(dirname "$0")/lib.bash"

scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/bench-log-site.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

for i in 1 2 3; do
    "$tile_reads" 100000 64 "$scratch/log-$i"
    rm -r "$scratch/log-$i"
done | sort -n | sed -n 2p >"$scratch/read"
row log-site-100000-tiles "$(cat "$scratch/read")" 5 "limit: 20,000 a second"
