# Tokenizing: text to ids and back, JSON lines, training, and what goes wrong.
. "$(dirname "$0")/lib.bash"

golden=$WS_SOURCE_DIR/tests/golden/tokenizer/tokenizer-dev.json

# tokenizes WANTED ARGUMENTS...: standard input to standard output
tokenizes() {
    local wanted=$1
    shift
    accepts tokenize -t "$golden" "$@"
    [ "$(cat out)" = "$wanted" ] || fail "'$*' printed '$(head -c 200 out)', wanted '$wanted'"
}

# Ids of the library, tests/golden/tokenizer/tokenizer-cases.json
printf 'Hello world' >hello.txt
tokenizes "40 510 79 269 1013" hello.txt
tokenizes "40 510 79 269 1013" - <hello.txt
tokenizes "40 510 79 269 1013" <hello.txt
printf 'a<|endoftext|>b' >special.txt
tokenizes "65 0 66" special.txt
tokenizes "65 28 92 650 79 70 747 88 84 92 30 66" --plain special.txt
tokenizes "" /dev/null
check "a line" test "$(wc -l <out)" -eq 1

# Back again
echo "40 510 79 269 1013" >ids
tokenizes "Hello world" --decode ids
printf '40\n510\t79   269\r\n1013' >ids
tokenizes "Hello world" -d ids
echo "65 0 66" >ids
tokenizes "a<|endoftext|>b" -d ids
tokenizes "ab" -d --plain ids
echo "1 12x 3" >ids
refuses 1 "ids: '12x' is no token id" -- tokenize -t "$golden" -d ids
echo "99999999999999999999" >ids
refuses 1 "is no token id" -- tokenize -t "$golden" -d ids
echo "1 1024" >ids
refuses 1 "ids: id 1024 at place 1 is no token" "which has 1024" -- tokenize -t "$golden" -d ids

# Any bytes come back, in pieces too
head -c 3000000 /dev/urandom >any
accepts tokenize -t "$golden" --plain any
mv out ids
accepts tokenize -t "$golden" --decode --plain ids
check "any bytes come back" cmp out any

# A long text is cut where the ids stay the same
make_corpus 500000 >corpus.txt
check "longer than what is read at once" test "$(wc -c <corpus.txt)" -gt 1500000
awk 'BEGIN {printf "\""} {printf "%s\\n", $0} END {print "\""}' corpus.txt >corpus.jsonl
accepts tokenize -t "$golden" corpus.txt
mv out pieces
accepts tokenize -t "$golden" --jsonl corpus.jsonl
tr -d '[]' <out | tr ',' ' ' >whole
check "in pieces as in one" cmp pieces whole
tr ' ' 'x' <corpus.txt | tr -d '\n' >one-word.txt
accepts tokenize -t "$golden" one-word.txt
mv out ids
accepts tokenize -t "$golden" -d ids
check "a long word comes back" cmp out one-word.txt

# JSON lines
printf '%s\n' '"Hello world"' '""' '"a\u0000\"\n\u00e9"' '"<|endoftext|>"' >lines
tokenizes "[40,510,79,269,1013]
[]
[65,189,2,199,128,103]
[0]" -j lines
mv out ids
tokenizes '"Hello world"
""
"a\u0000\"\né"
"<|endoftext|>"' -j -d ids
printf '[128]\n[173,254,240,65]\n[66]' >ids
tokenizes '"�"
"�a"
"b"' -j -d ids
printf '"a"\n"b\n' >lines
refuses_after() { # as refuses, but results before the fault may stand there
    local wanted=$1
    shift
    runs tokenize -t "$golden" "${@:2}"
    [ $? -eq 1 ] || fail "'${*:2}' did not end with 1"
    says "$1"
    [ "$(cat out)" = "$wanted" ] || fail "'${*:2}' printed '$(cat out)'"
}
refuses_after "[65]" "lines:2: " -j lines
printf '"a"\n["b"]\n' >lines
refuses_after "[65]" "lines:2: no JSON string" -j lines
printf '[65]\n"b"\n' >lines
refuses_after '"a"' "lines:2: no JSON array" -j -d lines
printf '[65]\n[66,-1]\n' >lines
refuses_after '"a"' "lines:2: item 2 is no token id" -j -d lines
printf '[65]\n[66,5000]\n' >lines
refuses_after '"a"' "lines:2: id 5000 at place 1 is no token" -j -d lines

# Training
accepts tokenize --tokenizer mine --train 400 corpus.txt
check "says what it made" grep -q '^400 tokens in mine$' out
check "says what comes next" grep -q "tokenize --tokenizer mine FILE$" out
for name in tokenizer.json tokenizer_config.json vocab.json merges.txt; do
    [ -s mine/$name ] || fail "no mine/$name"
done
[ "$(ls mine | wc -l)" -eq 4 ] || fail "more than four files in mine"
check "merges" test "$(wc -l <mine/merges.txt)" -eq 144
accepts tokenize -t mine corpus.txt
mv out ids
accepts tokenize -t mine/tokenizer.json -d ids
check "the text comes back" cmp out corpus.txt
rm mine/tokenizer.json
accepts tokenize -t mine corpus.txt
check "the older files encode alike" cmp out ids
accepts tokenize --tokenizer again --train 400 - <corpus.txt
check "the same merges" cmp mine/merges.txt again/merges.txt
accepts tokenize --tokenizer tiny --train 1k hello.txt
check "too few pairs" grep -q '^[0-9]* tokens in tiny: the text has no more pairs$' out
cp -r again kept
refuses 2 "'again/tokenizer.json' is there already" -- tokenize -t again --train 300 corpus.txt
check "nothing was replaced" diff -r again kept
refuses 2 "'mine/vocab.json' is there already" -- tokenize -t mine --train 300 corpus.txt
refuses 2 "wanted at least 257" -- tokenize -t new --train 256 corpus.txt
[ ! -e new ] || fail "a directory was left"
refuses 2 "--train is 'many'" -- tokenize -t new --train many corpus.txt
refuses 2 "--train goes with neither" -- tokenize -t new --train 300 --decode corpus.txt

# Where there is nothing to read, or nobody to read it
refuses 2 "which tokenizer?" -- tokenize hello.txt
refuses 1 "no-such.json" -- tokenize -t no-such.json hello.txt
refuses 1 "no tokenizer in '.'" "tokenizer.json" -- tokenize -t . hello.txt
refuses 1 "'nowhere.txt'" "No such file" -- tokenize -t "$golden" nowhere.txt
refuses 1 "'kept'" "directory" -- tokenize -t "$golden" kept
refuses 2 "unexpected argument 'b'" -- tokenize -t "$golden" hello.txt b
echo '{' >broken.json
refuses 1 "broken.json:2: " -- tokenize -t broken.json hello.txt
sed 's/"normalizer": null/"normalizer": {"type": "Lowercase"}/' "$golden" >other.json
refuses 1 "other.json: normalizer: type 'Lowercase' is not supported" -- \
    tokenize -t other.json hello.txt
"$ws" tokenize -t "$golden" corpus.txt >/dev/full 2>err
[ $? -eq 1 ] || fail "a full device was fine"
says "standard output"

finish
