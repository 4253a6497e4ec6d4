#!/usr/bin/env bash
# One generation of 10^6 draws over 10^6 symbols, the first resampling, against numpy's multinomial.
# Usage: bench_discrete.sh BUILD
set -euo pipefail
program=$(realpath "$1")/bench/families
source "$(dirname "$0")/lib.bash"

row discrete-1e6-symbols-1e6-draws "$("$program" discrete)" "$(peer discrete)" "numpy multinomial"
