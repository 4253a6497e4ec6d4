#!/usr/bin/env bash
# Fingerprints on one core: canonical text, SHA-256, winnowing and fingerprints in one pass, of
# English (the default corpus, over and over, 40 MB) and of the same corpus in other letters, whose
# words are as long and as often the same; the ISCC code of the same texts. CPU seconds.
# Usage: bench_fingerprint.sh BUILD
set -euo pipefail
build=$(realpath "$1")
speed=$build/bench/fingerprint_speed
source "$(dirname "$0")/lib.bash"
corpus=$(realpath "$bench/../build/corpus/austen.txt")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export LC_ALL=C.UTF-8

latin=abcdefghijklmnopqrstuvwxyz
capitals=ABCDEFGHIJKLMNOPQRSTUVWXYZ
cp "$corpus" "$scratch/english"
sed "y/$latin$capitals/абцдефгхийклмнопярстувшыьзАБЦДЕФГХИЙКЛМНОПЯРСТУВШЫЬЗ/" \
    "$corpus" >"$scratch/cyrillic"
sed "y/$latin$capitals/的一是不了人我在有他这中大来上国个到说们为子和你地出家学对可她里后小么心多天而能好都然没日于起还发成事只/; s/ //g" \
    "$corpus" >"$scratch/chinese"
sed 's/e/é/g; s/a\b/à/g' "$corpus" >"$scratch/accents"
sed 's/[aeo]/&\xCC\xA3\xCC\x81/g' "$corpus" >"$scratch/decomposed"

# how_often FILE: so that all of it is 40 MB, about
how_often() {
    awk -v size="$(stat -c %s "$1")" 'BEGIN { printf "%d", 40000000 / size + 0.5 }'
}

for text in english accents cyrillic chinese decomposed; do
    file=$scratch/$text
    times=$(how_often "$file")
    all=$("$speed" all "$file" "$times" 2>/dev/null)
    row "fingerprint-$text" "$all" \
        "$(awk -v size="$(stat -c %s "$file")" -v n="$times" 'BEGIN { print size * n / 1e8 }')" \
        "limit: 100 MB/s"
    row "iscc-$text" "$("$speed" iscc "$file" "$times" 2>/dev/null)" "$all" "fingerprints"
done

times=$(how_often "$scratch/english")
all=$("$speed" all "$scratch/english" "$times" 2>/dev/null)
row fingerprint-english-beside-sha "$all" \
    "$("$speed" sha "$scratch/english" "$times" 2>/dev/null)" "SHA-256 alone"
