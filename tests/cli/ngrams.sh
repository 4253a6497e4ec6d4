# N-grams of every order, over words and over bytes.
. "$(dirname "$0")/lib.bash"

make_corpus 4000 | tr '\n' ' ' >corpus.txt
cat >words.yaml <<'END'
family: ngram
source: text
corpus: corpus.txt
block: 50
items: 60
test_items: 10
policies: [replace]
generations: 4
seeds: 2
keep_texts: 4
END
sed 's/^block: 50/block: 120\nunit: bytes/; s/^items: 60/items: 90/' words.yaml >bytes.yaml

# Stopped after two generations and taken up again, on other threads: the same bytes.
for unit in words bytes; do
    for sampling in mle kneser-ney; do
        for order in 4 5; do
            name=$unit-$sampling-$order
            settings=(--set "order=$order" --set "sampling=$sampling")
            accepts run $unit.yaml -q -o $name "${settings[@]}" --threads 1
            accepts run $unit.yaml -q -o $name-halves "${settings[@]}" --set generations=2
            accepts run $unit.yaml -q -o $name-halves "${settings[@]}" --threads 2
            check "$name in two halves" same_runs $name $name-halves
        done
    done
done

# What a maximum likelihood model of bytes writes is made of pieces of its corpus.
cat >pieces.awk <<'AWK'
NR == FNR {corpus = corpus $0; next}
{
    sub(/.*"text":"/, "")
    sub(/"}$/, "")
    texts++
    for (i = 1; i + 2 <= length($0); i++)
        if (index(corpus, substr($0, i, 3)) == 0) {print "'" substr($0, i, 3) "'"; exit 1}
}
END {if (texts < 16) exit 1}
AWK
check "pieces of the corpus" \
    awk -f pieces.awk corpus.txt bytes-mle-5/arms/replace/seed-1.texts.jsonl

# A longer context knows more: less perplexity of real text on the way up from single bytes.
value() { # the first perplexity that the run of ORDER measured
    accepts run bytes.yaml -q -o "order-$1" --set "order=$1" --set generations=1 >&2
    records "order-$1" |
        sed -n 's/.*"metric":"perplexity",.*"value":\([0-9.]*\).*/\1/p' | head -n 1
}
check "order 3 beats 2, and 2 beats 1" \
    awk -v one="$(value 1)" -v two="$(value 2)" -v three="$(value 3)" \
    'BEGIN {exit !(three > 1 && three < two && two < one)}'

refuses 2 "--set" "'order' is '6'" "from 1 to 5" -- plan words.yaml --set order=6
refuses 2 "--set" "'order' is '0'" "from 1 to 5" -- plan words.yaml --set order=0

finish
