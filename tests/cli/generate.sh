# `wellspring generate`: prompts of every kind, what is printed, what is refused, and a file that is
# gone on with.
. "$(dirname "$0")/lib.bash"

make_corpus 3000 >text.txt
cp -r "$WS_SOURCE_DIR/tests/golden/models/gpt2-tiny" model
runs tokenize --tokenizer model --train 512 text.txt || fail "no tokenizer"

# Without a prompt, and what is said about it
accepts generate model -q --new-tokens 9
[ -s out ] || fail "no text was printed"
grep -q -e '^---' out && fail "a single text has a heading"
runs generate model --new-tokens 9
grep -q 'tokens in .* s$' err || fail "no speed on stderr"
grep -q "^Next:" err || fail "no next step"
accepts generate model -q --count 3 --new-tokens 9
[ "$(grep -c -e '^--- [123] of 3 ---$' out)" -eq 3 ] || fail "three texts are not three parts"

# Without a length as much as the context holds; a length that is asked for must have room
yes 'ab cd' | head -n 60 | tr '\n' ' ' >long.txt
accepts generate model -q --prompts long.txt --ids --stop-at-end false
[ "$(wc -w <out)" -eq 129 ] || fail "$(wc -w <out) tokens in a context of 128"
runs generate model --prompts long.txt
grep -q "^texts of up to [0-9]* new tokens: the model's context has 128$" err || fail "not said"
refuses 2 "64 new ones" "context has 128" -- generate model --prompts long.txt --new-tokens 64

# Prompts
accepts generate model -q --prompt "ab cd" --new-tokens 5
grep -q '^ab cd' out || fail "the prompt is not shown"
printf 'ab\n\ncd ef\n' >prompts.txt
accepts generate model -q --prompts prompts.txt --count 2 --jsonl --new-tokens 5
[ "$(wc -l <out)" -eq 6 ] || fail "three prompts twice are not six lines"
[ "$(grep -c '^{"prompt":"cd ef","text":".*","tokens":\[[0-9,]*\],"finished":\(true\|false\)}$' out)" \
    -eq 2 ] || fail "JSON lines are not as they should be"
mv out from-file
"$ws" generate model -q --prompts - --count 2 --jsonl --new-tokens 5 <prompts.txt >out 2>err
check "standard input is a file like any other" cmp from-file out
printf '"ab"\n{"prompt": ""}\n{"id": 7, "prompt": "cd ef"}\n' >prompts.jsonl
accepts generate model -q --prompts prompts.jsonl --count 2 --jsonl --new-tokens 5
check "JSON lines as prompts" cmp from-file out
if command -v jq >/dev/null; then
    check "JSON lines parse" jq -es 'map(.tokens | length == 5) | all' out
else
    echo "skipped: JSON through jq (no jq here)"
fi

# Ids, and their way back
accepts generate model -q --prompt "ab cd" --ids --new-tokens 5
"$ws" tokenize --tokenizer model --decode <out >decoded || fail "the ids are no text"
grep -q '^ab cd' decoded || fail "the ids do not begin with the prompt's"

# Same seed same bytes, whatever the threads; another seed others; settings have an effect
accepts generate model -q --jsonl --count 40 --new-tokens 12
mv out seed-1
accepts generate model -q --jsonl --count 40 --new-tokens 12 --threads 5
check "threads change nothing" cmp seed-1 out
accepts generate model -q --jsonl --count 40 --new-tokens 12 --seed 2
cmp -s seed-1 out && fail "another seed makes the same texts"
yes 'ab cd' | head -n 3 >thrice.txt
accepts generate model -q --jsonl --prompts thrice.txt --new-tokens 12 --temperature 0
[ "$(sort -u out | wc -l)" -eq 1 ] || fail "greedy texts differ"
accepts generate model -q --jsonl --prompts thrice.txt --new-tokens 12 --beams 4
[ "$(sort -u out | wc -l)" -eq 1 ] || fail "beam search is random"
accepts generate model -q --jsonl --count 2 --new-tokens 12 --no-repeat-ngram 2 --repetition-penalty \
    1.3 --top-k 20 --top-p 0.9 --min-p 0.01 --typical-p 0.95 --min-new-tokens 12 --decode-batch 1

# A file
accepts generate model -q -o texts.jsonl --count 300 --new-tokens 8 --decode-batch 16
[ "$(wc -l <texts.jsonl)" -eq 300 ] || fail "the file has not 300 lines"
accepts generate model -q --jsonl --count 300 --new-tokens 8 --decode-batch 16
check "a file or a pipe" cmp texts.jsonl out
runs generate model -o texts.jsonl --count 300 --new-tokens 8 --decode-batch 16
grep -q '^300 texts in texts.jsonl$' out || fail "what is complete is not said"
for size in 0 1 5000 20000; do
    cp texts.jsonl cut.jsonl
    cp texts.jsonl.settings cut.jsonl.settings
    truncate -s $size cut.jsonl
    accepts generate model -q -o cut.jsonl --count 300 --new-tokens 8 --decode-batch 16
    check "gone on with after $size bytes" cmp texts.jsonl cut.jsonl
done
rm cut.jsonl
accepts generate model -q -o cut.jsonl --count 300 --new-tokens 8 --decode-batch 16
check "begun again" cmp texts.jsonl cut.jsonl
cp texts.jsonl before.jsonl
refuses 2 "'texts.jsonl' was begun with 'new_tokens' 8, now it is 9" "-o" -- \
    generate model -o texts.jsonl --count 300 --new-tokens 9 --decode-batch 16
refuses 2 "'texts.jsonl'" "'seed' 1" "2" -- \
    generate model -o texts.jsonl --count 300 --new-tokens 8 --decode-batch 16 --seed 2
refuses 2 "'texts.jsonl'" "'prompts'" -- \
    generate model -o texts.jsonl --count 300 --new-tokens 8 --decode-batch 16 --prompt a
cp -r "$WS_SOURCE_DIR/tests/golden/models/opt-tiny" other
cp model/{tokenizer.json,vocab.json,merges.txt} other
accepts generate model -q -o one.jsonl --prompt a
refuses 2 "'one.jsonl'" "'model'" -- generate other -o one.jsonl --prompt a
check "what was refused changed nothing" cmp texts.jsonl before.jsonl
echo precious >thesis.txt
refuses 2 "'thesis.txt' is there without 'thesis.txt.settings'" -- generate model -o thesis.txt
[ "$(cat thesis.txt)" = precious ] || fail "a foreign file was written to"
refuses 1 "nowhere/texts.jsonl" -- generate model -o nowhere/texts.jsonl
echo '{' >cut.jsonl.settings
refuses 1 "cut.jsonl.settings" -- generate model -o cut.jsonl
"$ws" generate model -q --new-tokens 8 >/dev/full 2>err
[ $? -eq 1 ] || fail "a text into a full device was fine"
says "standard output"

# What cannot be
refuses 2 "which model" -- generate
refuses 1 "nowhere" -- generate nowhere
refuses 2 "one is enough" -- generate model --prompt a --prompts prompts.txt
refuses 2 "--ids" -- generate model --ids --jsonl
refuses 2 "did you mean '--temperature'" -- generate model --temprature 1
refuses 2 "'temperature' is 0.0001" -- generate model --temperature 1e-4
refuses 1 "this generation needs about" "MiB are available" -- \
    generate model --beams 200 --decode-batch 65536 --temperature 0 --new-tokens 120
refuses 2 "beam search draws nothing" -- generate model --beams 4 --temperature 0.5
refuses 2 "'count' is 3 with 'beams' at 4" -- generate model --beams 4 --count 3
refuses 2 "'count' is 3 with 'temperature' at 0" -- generate model --temperature 0 --count 3
refuses 2 "'top_k'" "'temperature' at 0" -- generate model --temperature 0 --top-k 5
refuses 2 "'length_penalty' is 2 with 'beams' at 1" -- generate model --length-penalty 2
refuses 2 "200 new ones" "context has 128" -- generate model --new-tokens 200
printf 'a\nb c d e f g h i j k\n' >long.txt
refuses 2 "prompt 2" "context has 128" -- generate model --prompts long.txt --new-tokens 127
: >empty.txt
refuses 1 "'empty.txt' holds no prompt" -- generate model --prompts empty.txt
refuses 1 "missing.txt" -- generate model --prompts missing.txt
printf '"a"\n[1]\n' >bad.jsonl
refuses 1 "bad.jsonl:2" "prompt" -- generate model --prompts bad.jsonl
printf '"a"\n{"prompt": \n' >bad.jsonl
refuses 1 "bad.jsonl:2" -- generate model --prompts bad.jsonl
rm other/tokenizer.json other/vocab.json
refuses 1 "other" -- generate other
rm -r other
cp -r "$WS_SOURCE_DIR/tests/golden/models/opt-tiny" other
runs tokenize --tokenizer other --train 600 text.txt || fail "no tokenizer"
refuses 1 "the tokenizer has 600 tokens, but the model's vocabulary 512" -- generate other

# Text that is no UTF-8 comes back as it was, and in JSON with U+FFFD.
accepts generate model -q --prompt $'a\xffb' --new-tokens 2
head -c 3 out | cmp -s - <(printf 'a\xffb') || fail "the prompt's bytes changed"
accepts generate model -q --prompt $'a\xffb' --new-tokens 2 --jsonl
grep -q $'"prompt":"a\xef\xbf\xbdb"' out || fail "JSON holds what is no UTF-8"


# What is made can be read.
accepts generate model -q -o texts-2.jsonl --count 500 --new-tokens 20
accepts evaluate model -q --text texts-2.jsonl
grep -q perplexity out || fail "the texts were not scored"

finish
