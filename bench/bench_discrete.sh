#!/usr/bin/env bash
# Discrete counts over 10^6 symbols: one generation of 10^6 draws while all symbols are still there,
# with the most memory there ever was, data included; and 10^6 of 2 x 10^6 items without replacement.
# Usage: bench_discrete.sh BUILD
set -euo pipefail
program=$(realpath "$1")/bench/families
columns='claim,our seconds,our peak bytes a symbol,peer,peer seconds,peer over ours'
source "$(dirname "$0")/lib.bash"

# line CLAIM OURS BYTES PEER_NAME PEER
line() {
    awk -v claim="$1" -v ours="$2" -v bytes="$3" -v name="$4" -v peer="$5" \
        'BEGIN { printf "%s,%.4f,%s,%s,%.4f,%.2f\n", claim, ours, bytes, name, peer, peer / ours }'
}

read -r seconds bytes < <("$program" discrete)
line discrete-1e6-symbols-1e6-draws "$seconds" "$bytes" "numpy multinomial" "$(peer discrete)"
seconds=$("$program" hypergeometric)
for method in marginals count; do
    line hypergeometric-1e6-types-1e6-of-2e6 "$seconds" - \
        "numpy multivariate_hypergeometric $method" "$(peer hypergeometric $method)"
done
