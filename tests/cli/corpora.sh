# Corpora: plain and compressed files, directories, and what is no text. The corpus being at fault is
# exit status 1, asking it for more than it has is a fault of the experiment, 2.
. "$(dirname "$0")/lib.bash"

make_corpus 4000 >corpus.txt
cat >text.yaml <<'END'
family: ngram
source: text
corpus: corpus.txt
block: 100
items: 10
test_items: 5
policies: [replace]
generations: 2
seeds: 1
END

hash_of() {
    grep -o '"corpus_sha256": "[0-9a-f]*"' "$1/run.json"
}

# The same text in any form is the same corpus.
accepts run text.yaml -q -o plain
gzip -k corpus.txt
accepts run text.yaml -q -o gz --set corpus=corpus.txt.gz
check "inflated by gzip" same_runs plain gz
check "the hash of what was inflated" test "$(hash_of plain)" = "$(hash_of gz)"
if command -v zstd >/dev/null; then
    zstd -q corpus.txt
    accepts run text.yaml -q -o zst --set corpus=corpus.txt.zst
    check "inflated by zstd" same_runs plain zst
    head -c 1000 corpus.txt.zst >cut.zst
    refuses 1 "'cut.zst' is damaged" "ends inside" -- run text.yaml -q -o x --set corpus=cut.zst
else
    echo "skipped: zstd files (no zstd here)"
fi
mkdir books
head -n 100 corpus.txt >books/1.txt
tail -n +101 corpus.txt | gzip >books/2.txt.gz
accepts run text.yaml -q -o directory --set corpus=books
check "a directory is its files, one after the other" cmp <(records plain) <(records directory)
# Another name for the same bytes goes on with the same run.
cp corpus.txt copy.txt
accepts run text.yaml -q -o plain --set corpus=copy.txt

# Settings at fault
refuses 2 --set "'corpus.txt'" "40 blocks of 100 words" "items=100" "need 105" -- \
    run text.yaml -q -o x --items 100
refuses 2 text.yaml:5 "items=10" "need 15" "4 blocks of 1000 words" -- run text.yaml -q -o x --set block=1000
grep -v '^corpus' text.yaml >none.yaml
refuses 2 none.yaml "'corpus' is missing" "text file or directory" -- run none.yaml -q -o x

# A corpus of its own for the reference, all of it when nothing else is said
make_corpus 700 | tr a-m n-z >test.txt
sed 's/^test_items: 5/test_corpus: test.txt/' text.yaml >own.yaml
accepts run own.yaml -q -o own
check "its hash is noted" grep -q '"test_corpus_sha256": "[0-9a-f]\{64\}"' own/run.json
check "all of its whole blocks are the reference" \
    grep -q '"metric":"perplexity","definition":"perplexity.reference.under-model/1","n":700,' <(records own)
refuses 2 --set "'test.txt' has 7 blocks of 100 words" "test_items=8" -- \
    run own.yaml -q -o x --set test_items=8
refuses 1 --set "cannot open 'missing.txt'" -- run own.yaml -q -o x --set test_corpus=missing.txt
cp test.txt changed.txt
accepts run own.yaml -q -o own --set test_corpus=changed.txt
echo more >>changed.txt
refuses 2 "'own' was begun with the SHA-256 of 'test_corpus'" -- \
    run own.yaml -q -o own --set test_corpus=changed.txt
refuses 2 --set "'validation_items' has no meaning for family 'ngram'" -- \
    plan own.yaml --set validation_items=3
# and all blocks that are left
accepts run text.yaml -q -o all --set items=0
check "all that the test leaves is trained on" grep -q '"mix/human","definition":"mix.items/1","n":35,' \
    <(records all)

# Byte-pair encoding: trained on the corpus, kept with the run, and the same when it is given.
accepts run text.yaml -q -o bpe --set unit=bpe --set vocabulary=400 --set block=50
check "the tokenizer is kept" test -s bpe/tokenizer/tokenizer.json
check "and noted" grep -q '"tokenizer_sha256": "[0-9a-f]\{64\}"' bpe/run.json
check "texts are text" grep -q '"text":".*[a-z][a-z]* [a-z][a-z]' bpe/arms/replace/seed-1.texts.jsonl
accepts run text.yaml -q -o given --set unit=bpe --set tokenizer=bpe/tokenizer --set block=50
first() {
    records "$1" | grep '"arm":"replace",.*"generation":0,"metric":"perplexity",'
}
check "the first model is the same" test "$(first bpe)" = "$(first given)"
# What is counted in other tokens does not compare, though name and definition are the same.
accepts compare bpe given --metric perplexity,types
check "of one tokenizer it does" test "$(grep -c 'not comparable' out)" -eq 0
accepts compare bpe all --metric perplexity,types
check "of another it does not" grep -q 'not comparable: other tokens' out
check "the same tokenizer" diff -r bpe/tokenizer given/tokenizer
refuses 2 --set "'vocabulary' has no meaning for unit 'words'" -- plan text.yaml --set vocabulary=300
refuses 2 --set "'vocabulary' has no meaning beside 'tokenizer'" -- \
    plan text.yaml --set unit=bpe --set tokenizer=x --set vocabulary=300
refuses 2 --set "'tokenizer' is 'base', but no 'base' is set" -- \
    plan text.yaml --set unit=bpe --set tokenizer=base
refuses 1 --set "'nowhere" -- plan text.yaml --set unit=bpe --set tokenizer=nowhere
refuses 2 "'bpe' was begun with vocabulary=400" -- \
    run text.yaml -q -o bpe --set unit=bpe --set vocabulary=401 --set block=50

# What samples say is kept for reading, as much as is asked for.
check "ten texts a generation" test "$(wc -l <plain/arms/replace/seed-1.texts.jsonl)" -eq 20
accepts run text.yaml -q -o silent --set keep_texts=0
check "no texts" test ! -e silent/arms/replace/seed-1.texts.jsonl
check "texts change no result" cmp <(records plain) <(records silent)

# The corpus at fault
refuses 1 "--set: cannot open 'missing.txt': No such file" "corpus=PATH" -- \
    run text.yaml -q -o x --set corpus=missing.txt
sed 's/^corpus: .*/corpus: gone.txt/' text.yaml >gone.yaml
refuses 1 gone.yaml:3 "'gone.txt'" -- plan gone.yaml
: >empty.txt
refuses 1 "--set" "'empty.txt' is empty" text -- run text.yaml -q -o x --set corpus=empty.txt
: | gzip >empty.gz
refuses 1 "'empty.gz' is empty" -- run text.yaml -q -o x --set corpus=empty.gz
mkdir nothing
refuses 1 "'nothing' is empty" -- run text.yaml -q -o x --set corpus=nothing
printf '... --- !!!\n' >marks.txt
refuses 1 "'marks.txt' has no word in it" -- run text.yaml -q -o x --set corpus=marks.txt
head -c 5000 "$ws" >binary.txt
refuses 1 "'binary.txt' is binary" "offset" -- run text.yaml -q -o x --set corpus=binary.txt
accepts plan text.yaml --set corpus=binary.txt --set unit=bytes
head -c 2000 corpus.txt.gz >cut.gz
refuses 1 "'cut.gz' is damaged" "ends inside" -- run text.yaml -q -o x --set corpus=cut.gz
cp corpus.txt plain.gz
refuses 1 "'plain.gz' is damaged" gzip -- run text.yaml -q -o x --set corpus=plain.gz
cp corpus.txt.gz wrong.gz
printf '\x55\x55\x55\x55' | dd of=wrong.gz bs=1 seek=3000 conv=notrunc status=none
refuses 1 "'wrong.gz' is damaged" -- run text.yaml -q -o x --set corpus=wrong.gz
if [ "$(id -u)" -ne 0 ]; then
    cp corpus.txt secret.txt
    chmod 000 secret.txt
    refuses 1 "'secret.txt'" "Permission denied" -- run text.yaml -q -o x --set corpus=secret.txt
else
    echo "skipped: an unreadable corpus (root reads everything)"
fi
[ ! -e x ] || fail "a refused corpus left a run directory"

# A corpus that changed is another one.
echo "more words" >>copy.txt
refuses 2 "'plain'" "SHA-256" "-o" -- run text.yaml -q -o plain --set corpus=copy.txt

finish
