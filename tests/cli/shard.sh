# Shards of documents: what goes in, proofs of what is there and what is not, commitments, and damage.
. "$(dirname "$0")/lib.bash"

sentences() { # sentences SEED COUNT: made-up words, so that texts share nothing
    awk -v seed="$1" -v count="$2" 'BEGIN {
        state = seed
        for (i = 0; i < count; i++) {
            word = ""
            for (j = 0; j < 6; j++) { state = (state * 16807) % 2147483647; word = word sprintf("%c", 97 + state % 26) }
            printf "%s ", word
        }
    }'
}
field() { # field NAME: of the JSON in out
    sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" out
}

mkdir -p docs/below
sentences 11 300 >docs/a.txt
sentences 12 300 >docs/below/b.txt
sentences 13 300 >docs/.hidden
printf 'short' >docs/c.txt
: >docs/empty.txt
for i in 21 22 23; do printf '{"id": %s, "text": "%s"}\n' $i "$(sentences $i 200)"; done >lines.jsonl
printf '{"text": " "}\n\n' >>lines.jsonl
gzip -k lines.jsonl

accepts shard build docs lines.jsonl --out a.shard
check "what is next" grep -q "ledger add" out
check "six documents" grep -q " fingerprints of 6 documents" out
check "short ones are told" grep -q "^1 documents have fewer than 50 bytes" out
check "empty ones are told" grep -q "^1 documents have no text" out
check "the secret is private" test "$(stat -c %a a.shard.secret)" = 600
check "the digest is that of the file" grep -q "digest $(sha256sum a.shard | cut -c 1-64)" out
accepts shard verify a.shard
check "sound" grep -q "^Sound: 'a.shard'" out
accepts shard verify a.shard --digest "$(sha256sum a.shard | cut -c 1-64)"
accepts shard show a.shard --json
check "scheme" test "$(field scheme)" = ws-winnow-1
check "documents" test "$(field documents)" -eq 6

# The same documents and secret give the same bytes, whatever the memory and however they are packed.
accepts shard build docs lines.jsonl.gz --out b.shard --secret a.shard.secret --memory 1
for part in "" .tiles .documents; do cmp "a.shard$part" "b.shard$part" || fail "another shard$part"; done
# Another secret is another shard, with as many fingerprints.
accepts shard build docs lines.jsonl --out c.shard --json
check "as many" test "$(field fingerprints)" -eq "$("$ws" shard show a.shard --json | sed -n 's/.*"fingerprints": \([0-9]*\).*/\1/p')"
cmp -s a.shard c.shard && fail "the same shard of two secrets"

# A fingerprint that is there, by its bytes in the file, and one that is not.
there=$(od -An -tx8 --endian=little -j 24 -N 8 a.shard.tiles | tr -d ' ')
digest=$(sha256sum a.shard | cut -c 1-64)
accepts shard prove a.shard --fingerprint "$there" --out there.proof
check "there" grep -q "^Proven: $there is there, in 1 document:" out
accepts shard verify there.proof --digest "$digest" --fingerprint "$there"
check "there" grep -q "^Proven: $there is there" out
accepts shard prove a.shard --fingerprint 0123456789abcdef --out absent.proof
accepts shard verify absent.proof --digest "$digest" --fingerprint 0123456789abcdef --json
check "not there" grep -q '"there": false' out

# What 'fingerprint' finds in a document is there; what it finds in another is not.
"$ws" fingerprint docs/a.txt --list | awk 'length($1) == 16 && /^[0-9a-f]+ / { print $1 }' >listed
check "there are some" test "$(wc -l <listed)" -ge 20
for fingerprint in $(awk 'NR % 9 == 1' listed); do
    accepts shard prove a.shard --fingerprint "$fingerprint" --out listed.proof
    check "$fingerprint is there" grep -q "is there, in 1 document" out
done
"$ws" fingerprint docs/.hidden --list | awk 'length($1) == 16 && /^[0-9a-f]+ / { print $1 }' >listed
for fingerprint in $(awk 'NR % 19 == 1' listed); do
    accepts shard prove a.shard --fingerprint "$fingerprint" --out listed.proof
    check "$fingerprint is not there" grep -q "is not there" out
done

# What is not proven ends with 3.
refuses 3 "another shard" -- shard verify there.proof --digest "$(sha256sum c.shard | cut -c 1-64)" --fingerprint "$there"
head -c -1 there.proof >cut.proof
refuses 3 "12 each" -- shard verify cut.proof --digest "$digest" --fingerprint "$there"
cp there.proof changed.proof
printf x | dd of=changed.proof bs=1 seek=230 conv=notrunc 2>check.out
refuses 3 -- shard verify changed.proof --digest "$digest" --fingerprint "$there"
refuses 3 "another SHA-256" -- shard verify a.shard --digest "$(printf x | sha256sum | cut -c 1-64)"
for part in .tiles .documents; do
    cp a.shard$part kept
    printf x | dd of=a.shard$part bs=1 seek=40 conv=notrunc 2>check.out
    refuses 3 "a.shard" -- shard verify a.shard
    truncate -s -1 a.shard$part
    refuses 3 "bytes, wanted" -- shard verify a.shard
    cp kept a.shard$part
done
rm kept

# What was not made leaves nothing behind.
: >nothing
refuses 2 "no document with text" -- shard build nothing --out none.shard
check "no secret" test ! -e none.shard.secret

# A commitment, opened by who has the secret.
mkdir one
sentences 31 100 >one/text
accepts shard build one --out one.shard
refuses 1 "none of the shard's 1 commitments" -- shard prove one.shard --document "$(sha256sum one/text | cut -c 1-64)"
printf 'abc' >one/text
accepts shard build one --out abc.shard
accepts shard prove abc.shard --document ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad --out opening
check "opened" grep -q "^It is document 0 of 1" out
abc=$(sha256sum abc.shard | cut -c 1-64)
accepts shard verify opening --digest "$abc"
check "whose" grep -q "has SHA-256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" out
accepts shard prove abc.shard --text one/text --out shown
accepts shard verify shown --digest "$abc"
check "its text" grep -qxF "Its text is in the opening: 3 bytes." out
sed 's/abc$/abd/' shown >other
refuses 3 "another document's" -- shard verify other --digest "$abc"
refuses 2 "prove: what?" -- shard prove abc.shard --text one/text --fingerprint 0123456789abcdef
refuses 3 "another shard" -- shard verify opening --digest "$digest"
refuses 2 "an opening: of which shard" -- shard verify opening
printf x | dd of=opening bs=1 seek=190 conv=notrunc 2>check.out
refuses 3 "not proven" -- shard verify opening --digest "$abc"
refuses 1 "commitments" -- shard prove abc.shard --secret a.shard.secret --document ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad

# Under a key: what stands there is for who has it.
(umask 077 && printf 'aa%062d\n' 0 >key && printf 'bb%062d\n' 0 >other.key && cat key other.key >both.key)
accepts shard build docs lines.jsonl --out keyed.shard --key key --secret a.shard.secret
check "the key is none of the files" grep -qxF "The key in 'key' is for those who shall look up, and is not published." out
accepts shard show keyed.shard --json
name=$({ printf 'wellspring shard key 1'; printf '\252'; head -c 31 /dev/zero; } | sha256sum | cut -c 1-40)
check "the scheme names the key" test "$(field scheme)" = "ws-winnow-1+hmac:$name"
check "as many" test "$(field documents)" -eq 6
accepts shard verify keyed.shard
check "the same commitments" cmp keyed.shard.documents a.shard.documents
keyed=$(sha256sum keyed.shard | cut -c 1-64)
accepts shard prove keyed.shard --fingerprint "$there" --keys both.key --out keyed.proof
check "there, under the key" grep -q "^Proven: $there is there, in 1 document:" out
accepts shard verify keyed.proof --digest "$keyed" --fingerprint "$there" --keys key
check "there, under the key" grep -q "^Proven: $there is there, in 1 document:" out
accepts shard prove a.shard --fingerprint "$there" --keys other.key --out there.proof
check "a key does nothing to others" grep -q "is there, in 1 document:" out
check "another value stands there" test "$there" != "$(od -An -tx8 --endian=little -j 24 -N 8 keyed.shard.tiles | tr -d ' ')"
refuses 2 "the shard is keyed, and its key $name is not here: --keys FILE" -- shard prove keyed.shard --fingerprint "$there"
refuses 2 "its key $name is not here: other.key" -- shard verify keyed.proof --digest "$keyed" --fingerprint "$there" --keys other.key
refuses 1 "no key 'nowhere'" "openssl rand -hex 32" -- shard build docs --out x.shard --key nowhere
refuses 2 "'both.key' has 2 keys" -- shard build docs --out x.shard --key both.key
chmod 640 other.key
refuses 2 "others may read the private key 'other.key'" -- shard build docs --out x.shard --key other.key
(umask 077 && echo secret >bad.key)
refuses 2 "'bad.key': line 1 is no key of a shard" -- shard build docs --out x.shard --key bad.key
check "nothing is left" test ! -e x.shard.secret

# What is wrong is told.
refuses 2 "a.shard' is there already" -- shard build docs --out a.shard
refuses 2 "--out FILE" -- shard build docs
refuses 1 "nowhere" -- shard build nowhere --out x.shard
refuses 2 "no document with text" -- shard build docs/empty.txt --out x.shard
echo '{"body": "x"}' >other.jsonl
refuses 1 "other.jsonl, line 1" "text" -- shard build other.jsonl --out x.shard
accepts shard build other.jsonl --field body --out body.shard
echo '{' >bad.jsonl
refuses 1 "bad.jsonl, line 1" -- shard build bad.jsonl --out x.shard
check "a failure leaves no shard" test ! -e x.shard
refuses 2 "--memory is 'x'" -- shard build docs --out x.shard --memory x
refuses 2 "16 lower-case hex digits" -- shard prove a.shard --fingerprint 12
refuses 2 "what? --fingerprint HEX, --document HEX or --text FILE" -- shard prove a.shard
refuses 1 "no head of a shard" -- shard show docs/a.txt
refuses 2 "--digest HEX --fingerprint HEX" -- shard verify there.proof
refuses 2 "which command" -- shard
# ---- What is no file ----

mkdir odd
mkfifo odd/pipe
refuses 2 "'odd/pipe' is neither a file nor a folder" -- shard build odd --out odd.shard
[ ! -e odd.shard ] || fail "a shard of a pipe was made"

finish
