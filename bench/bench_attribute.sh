#!/usr/bin/env bash
# `wellspring attribute` on every statistical experiment that comes with the program: the presets, and
# the experiments of presets/reproduce but those of the tier 'hours'. Seconds of each, what was left
# out, and the total against the limit of 300. What has no known truth or no switch is to refuse.
#
# Reproductions run chains by the ten thousand for numbers of four digits; shares take the 40 seeds
# that `attribute` looks at. Where a loop is long the first MOST generations count.
# Usage: bench_attribute.sh BUILD [MOST]
set -euo pipefail
program=$(realpath "$1")/wellspring
most=${2:-100}
columns="experiment,seconds,generations,of,what came of it"
source=$(realpath "$(dirname "$0")/..")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
echo "$columns"
cd "$source" # whose corpus presets name

# attribute NAME FILE
attribute() {
    local start end there generations outcome
    there=$(sed -n 's/^generations: *\([0-9]*\).*/\1/p' "$2")
    there=${there:-10}
    generations=$((there < most ? there : most))
    start=$(date +%s.%N)
    if "$program" attribute "$2" -q --generations "$generations" -o "$place/rows.csv" \
        2>"$place/err"; then
        outcome="$(($(wc -l <"$place/rows.csv") - 1)) rows"
    else
        outcome="refused: $(sed 's/^wellspring: //; s/[",]/;/g' "$place/err" | head -n 1)"
    fi
    end=$(date +%s.%N)
    awk -v name="$1" -v a="$start" -v b="$end" -v generations="$generations" -v there="$there" \
        -v outcome="$outcome" 'BEGIN {
        printf "%s,%.2f,%d,%d,\"%s\"\n", name, b - a, generations, there, outcome }' |
        tee -a "$place/rows"
}

# experiments FILE: each as a file of its own, "<place>/<its name>.yaml": what is its own, then what
# all share. They are flow mappings on a line each.
experiments() {
    awk -v place="$place" '
        /^experiments:/ { inside = 1; next }
        /^[a-z_]+:/ && inside { exit }
        !inside && /^[a-z_]+:/ { shared[++count] = $0; next }
        inside && /^  - \{/ {
            text = $0
            sub(/^  - \{/, "", text)
            sub(/\} *$/, "", text)
            split("", own)
            depth = 0
            entry = ""
            lines = ""
            for (i = 1; i <= length(text) + 1; i++) {
                c = i > length(text) ? "," : substr(text, i, 1)
                depth += (c == "[") - (c == "]")
                if (c != "," || depth > 0) {
                    entry = entry c
                    continue
                }
                sub(/^ */, "", entry)
                key = entry
                sub(/:.*/, "", key)
                own[key] = entry
                if (key != "name" && key != "tier" && key != "needs") lines = lines entry "\n"
                entry = ""
            }
            if ("tier" in own || "needs" in own) next
            name = own["name"]
            sub(/^name: */, "", name)
            file = place "/" name ".yaml"
            printf "%s", lines >file
            for (i = 1; i <= count; i++) {
                key = shared[i]
                sub(/:.*/, "", key)
                if (!(key in own)) print shared[i] >file
            }
            close(file)
            print name
        }' "$1"
}

for preset in gaussian discrete quickstart; do
    attribute $preset presets/$preset.yaml
done
for file in presets/reproduce/*.yaml; do
    for name in $(experiments "$file"); do
        attribute "$(basename "$file" .yaml)/$name" "$place/$name.yaml"
    done
done
awk -F, '{ total += $2 } END { printf "total,%.1f,,,\"limit 300 s\"\n", total }' "$place/rows"
