#!/usr/bin/env bash
# `wellspring attribute` on every statistical experiment that comes with the program: the presets, and
# the experiments of presets/reproduce but those of the tier 'hours'. Seconds of each, of the clock and
# of all processors together, what was left out, and the total against the limit of 300 s. What has no
# known truth or no switch is to refuse.
#
# Of each the 40 seeds that `attribute` looks at count. Presets are whole; reproductions run chains for
# thousands of generations where one number in the end is compared, so of theirs only the first WORK
# items' worth count, and MOST at most: "generations" of those that there are, "of".
# Usage: bench_attribute.sh BUILD [MOST [WORK]]
set -euo pipefail
program=$(realpath "$1")/wellspring
most=${2:-50}
work=${3:-10000}
columns="experiment,seconds,core seconds,generations,of,what came of it"
source=$(realpath "$(dirname "$0")/..")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
echo "$columns"
cd "$source" # whose corpus presets name

# setting FILE NAME DEFAULT: of a file of settings, a line each
setting() {
    local value
    value=$(sed -n "s/^$2: *\([0-9]*\).*/\1/p" "$1")
    echo "${value:-$3}"
}

# attribute NAME EXPERIMENT FILE GENERATIONS [OPTION...]
attribute() {
    local start end there generations=$4 outcome
    there=$(setting "$3" generations 10)
    start=$(date +%s.%N)
    if /usr/bin/env time -qf '%U %S' -o "$place/took" "$program" attribute "$2" -q --generations "$generations" "${@:5}" -o "$place/rows.csv" \
        2>"$place/err"; then
        outcome="$(($(wc -l <"$place/rows.csv") - 1)) rows"
    else
        outcome="refused: $(sed 's/^wellspring: //; s/[",]/;/g' "$place/err" | head -n 1)"
    fi
    end=$(date +%s.%N)
    awk -v name="$1" -v a="$start" -v b="$end" -v generations="$generations" -v there="$there" \
        -v outcome="$outcome" -v took="$(cat "$place/took")" 'BEGIN {
        split(took, t)
        printf "%s,%.2f,%.2f,%d,%d,\"%s\"\n", name, b - a, t[1] + t[2], generations, there, outcome }' |
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

# reduced FILE: how many generations count
reduced() {
    local items there least
    items=$(setting "$1" items 100)
    there=$(setting "$1" generations 10)
    least=$((items > 0 ? work / items : most))
    least=$((least < most ? least : most))
    least=$((least > 1 ? least : 1))
    echo $((there < least ? there : least))
}

for preset in gaussian discrete definitions quickstart; do
    file=presets/$preset.yaml
    attribute $preset $preset "$file" "$(setting "$file" generations 10)"
done
for file in presets/reproduce/*.yaml; do
    # Two moons are held by items alone, which have no log loss: samples are compared.
    more=()
    [ "$(basename "$file")" = kde.yaml ] && more=(--set metric_items=500)
    for name in $(experiments "$file"); do
        attribute "$(basename "$file" .yaml)/$name" "$place/$name.yaml" "$place/$name.yaml" \
            "$(reduced "$place/$name.yaml")" "${more[@]}"
    done
done
awk -F, '{ total += $2; cores += $3 }
    END { printf "total,%.1f,%.1f,,,\"limit 300 s\"\n", total, cores }' "$place/rows"
