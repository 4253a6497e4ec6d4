# Logs on the command line: made, filled, published, proved, and whatever is wrong refused.
. "$(dirname "$0")/lib.bash"

# ---- Keys ----

refuses 2 "which FILE?" -- ledger keys
accepts ledger keys log.key --make log.example --for log
vkey=$(head -n 1 out)
check "its next step" grep -q '^Next: begin the log' out
check "only its owner may read it" test "$(stat -c %a log.key)" = 600
check "nothing private is printed" test "$(grep -c PRIVATE out)" -eq 0
cp log.key kept
refuses 2 "'log.key' already" "left as it is" -- ledger keys log.key --make log.example --for log
check "it was left as it is" cmp log.key kept
check "and no draft beside it" test -z "$(ls log.key.tmp-* 2>check.out)"
accepts ledger keys log.key
[ "$(cat out)" = "$vkey" ] || fail "another public key than at first"
accepts ledger keys log.key --json
for word in '"file": "log.key"' '"name": "log.example"' '"type": "ed25519"' "\"vkey\": \"$vkey\""; do
    check "JSON has $word" grep -qF "$word" out
done
chmod 644 kept
refuses 2 "others may read" "'kept'" "644" "chmod 600" -- ledger keys kept
refuses 2 "--for is 'king'" "witness, root or recovery" -- ledger keys king.key --make k --for king
refuses 2 "'a b' cannot be a key's name" -- ledger keys bad.key --make 'a b'
refuses 2 "--make writes one FILE" -- ledger keys a.key b.key --make x
refuses 2 "--make makes" -- ledger keys log.key --for log
refuses 1 "nowhere.key" -- ledger keys nowhere.key
echo nonsense >nonsense.key
chmod 600 nonsense.key
refuses 2 "nonsense.key" "no private key" -- ledger keys nonsense.key
accepts ledger keys issuer.key --make lab.example
issuer_vkey=$(head -n 1 out)
accepts ledger keys other.key --make lab.example
accepts ledger keys witness.key --make witness.example --for witness

# ---- A log ----

refuses 2 "which directory?" -- ledger init
refuses 2 "which --key signs?" -- ledger init log
refuses 2 "--origin is 'other'" "called as its key" -- ledger init log --origin other --key log.key
refuses 2 "wanted that of a log or an issuer" -- ledger init log --key witness.key
echo "quorum none" >empty.policy
refuses 2 "does not name the log" -- ledger init log --key log.key --policy empty.policy
printf 'log %s\nquorum none\n' "$vkey" >policy
accepts ledger init log --origin log.example --key log.key --policy policy
check "readers get a line for their policies" grep -qxF "log $vkey" out
refuses 2 "'log' is not empty" -- ledger init log --key log.key

# ---- Descriptions ----

mkdir data
echo weights >data/model.bin
echo "what a model wrote" >text
accepts shard build text --out data/shard-0.bin
cat >data/batch.yaml <<'END'
kind: model-emission
model: lab.example/storyteller
weights: model.bin
started: 2026-11-01T00:00:00Z
ended: 2026-11-20T00:00:00Z
documents: 1000
least_bytes: 200
depth_at_most: 3
depth_token_mean: 1.5
shards: [shard-0.bin]
END
cat >data/archive.json <<'END'
{"kind": "human-archive", "collection": "archive.example/2019", "started": "2019-01-01T00:00:00Z",
 "ended": "2019-02-01T00:00:00Z", "documents": 5, "method": "crawl", "license": "CC-BY-4.0",
 "shards": ["shard-0.bin"]}
END
refuses 1 "nowhere" -- ledger add nowhere data/batch.yaml --issuer issuer.key
refuses 2 "'data/batch.yaml' is a description" "--issuer KEY" -- ledger add log data/batch.yaml
refuses 2 "which FILE" -- ledger add log --issuer issuer.key
accepts ledger add log data/batch.yaml data/archive.json --issuer issuer.key --json
check "two indices" test "$(grep -c '"index": [01],' out)" -eq 2
check "the type of the second" grep -q 'urn:wellspring:human-archive:v1' out

# wrong LINE PATTERN WORDS...: the description with a line replaced is refused, and nothing is added.
wrong() {
    local pattern=$1 line=$2
    shift 2
    sed "s|^$pattern.*|$line|" data/batch.yaml >data/wrong.yaml
    refuses 2 data/wrong.yaml "$@" -- ledger add log data/archive.json data/wrong.yaml --issuer issuer.key
}
wrong kind 'kind: rumour' "'kind' is 'rumour'" "human-archive"
wrong kind '' "wanted 'kind'"
wrong model 'modle: x' ":2" "'modle'" "did you mean 'model'"
wrong weights '' "'weights' is missing"
wrong documents 'documents: 0' ":6" "'documents' is '0'"
wrong started 'started: yesterday' "startedAtTime" "2026-11-01T00:00:00Z"
wrong ended 'ended: 2026-10-01T00:00:00Z' "endedAtTime" "not before"
wrong least_bytes 'least_bytes: many' "'least_bytes' is 'many'"
wrong depth_at_most 'depth_at_most: 1' "tokenMean"
wrong depth_token 'derived_from: [seven]' "'seven'" "indices"
wrong depth_token 'derived_from: [7]' "cites entry 7" "would be entry 3"
wrong weights 'weights: sha256:abc' "64 lower-case hex digits"
wrong shards 'shards: [../policy]' "'../policy'" "leads out of"
wrong shards 'shards: [/etc/passwd]' "leads out of"
wrong shards 'shards: [a//b]' "leads out of"
wrong shards 'shards: []' "'shards'"
sed 's|^weights.*|weights: none.bin|' data/batch.yaml >data/wrong.yaml
refuses 1 "data/none.bin" -- ledger add log data/wrong.yaml --issuer issuer.key
sed 's|^shards.*|shards: [shard-0.bin.tiles]|' data/batch.yaml >data/wrong.yaml
refuses 1 "'data/shard-0.bin.tiles': no head of a shard" -- ledger add log data/archive.json data/wrong.yaml --issuer issuer.key
printf 'kind: withdrawal\nentry: 0\nreason: "\377"\n' >bad.yaml
refuses 2 "bad.yaml" -- ledger add log bad.yaml --issuer issuer.key
printf 'kind: withdrawal\nentry: 2\nreason: none\n' >self.yaml
refuses 2 "self.yaml" "withdraws entry 2" "covers 0 entries" "ledger publish" -- ledger add log self.yaml --issuer issuer.key

# ---- Envelopes ----

accepts ledger add log data/batch.yaml --issuer issuer.key
accepts ledger publish log --key log.key --policy policy
check "three entries" grep -q 'checkpoint of 3 entries is published' out
entry() { # entry N: the envelope, from its proof
    "$ws" ledger prove log --index "$1" | sed -n 's/^extra //p' | base64 -d
}
entry 0 >envelope.json
check "an envelope names its key" grep -qF "\"keyid\":\"$(cut -d + -f 1,2 <<<"$issuer_vkey")\"" envelope.json
accepts ledger add log envelope.json
check "whose it is was not checked" grep -q 'was not checked' out
printf 'issuer %s\n' "$issuer_vkey" >issuers
accepts ledger add log envelope.json --issuers issuers
for _ in 1 2 3; do cat envelope.json; echo; done >lines.jsonl
accepts ledger add log lines.jsonl --issuers issuers --json
check "an entry a line" test "$(grep -c '"index"' out)" -eq 3
printf 'issuer %s\n' "$("$ws" ledger keys other.key)" >others
refuses 2 "envelope.json" "none of the issuers signed it" "lab.example+" -- \
    ledger add log envelope.json --issuers others
sed 's/"sig":"..../"sig":"AAAA/' envelope.json >forged.json
refuses 2 "forged.json" "is bad" -- ledger add log forged.json --issuers issuers
{ cat lines.jsonl forged.json; } >mixed.jsonl
refuses 2 "mixed.jsonl', entry 3" "is bad" -- ledger add log mixed.jsonl --issuers issuers
printf '{"payloadType": "x", "payload": "!"}' >broken.json
refuses 2 "broken.json" -- ledger add log broken.json
sed 's/"payloadType":"[^"]*"/"payloadType":"text\/plain"/' envelope.json >typed.json
refuses 2 "typed.json" "text/plain" -- ledger add log typed.json
{ printf '{"payloadType": "'; head -c 70000 /dev/zero | tr '\0' a; printf '"}'; } >large.json
refuses 2 "large.json" "65535" -- ledger add log large.json
printf '{"payloadType": "\377\376"}' >latin.json
refuses 2 "latin.json" -- ledger add log latin.json

# ---- Proofs ----

accepts ledger publish log --key log.key --json
check "as JSON" grep -q '"size": 8,' out
refuses 2 "is not that of this log" -- ledger publish log --key issuer.key
refuses 2 "which --key signs?" -- ledger publish log
refuses 2 "not both" -- ledger publish log --key log.key --once --every 5
refuses 2 "at least a second" -- ledger publish log --key log.key --every 0
refuses 2 "--index is ''" -- ledger prove log
refuses 2 "--index is 8" "covers 8" "ledger publish" -- ledger prove log --index 8
accepts ledger prove log --index 1 --out p.tlog-proof --policy policy
check "the first checkpoint that covers it" test "$(sed -n '/^$/,$p' p.tlog-proof | sed -n 3p)" = 3
accepts ledger prove log --index 1 --out late.tlog-proof
check "or the last" test "$(sed -n '/^$/,$p' late.tlog-proof | sed -n 3p)" = 8
refuses 2 "--policy" -- ledger verify p.tlog-proof
accepts ledger verify p.tlog-proof late.tlog-proof --policy policy
check "both are proven" test "$(grep -c "entry 1 of 'log.example' is proven" out)" -eq 2
check "without witnesses there is no date" grep -q 'nothing is proved of its date' out
check "claims are claims" grep -q "It claims: archive 'archive.example/2019' captured 5" out
accepts ledger verify p.tlog-proof --policy policy --json
check "as JSON" grep -q '"proven": true' out
accepts ledger prove log --index 1 --bare --out bare.tlog-proof
refuses 2 "bare.tlog-proof" "--entry FILE" -- ledger verify bare.tlog-proof --policy policy
entry 1 >entry.json
accepts ledger verify bare.tlog-proof --policy policy --entry entry.json

unproven() { # unproven WORDS -- ARGUMENTS: ends with 3 and says why
    local words=$1
    shift 2
    runs "$@"
    local status=$?
    [ $status -eq 3 ] || fail "'$*' ended with $status"
    grep -qF "not proven: " out && grep -qF -e "$words" out || { fail "wanted '$words'"; cat out err; }
}
unproven "" -- ledger verify bare.tlog-proof --policy policy --entry envelope.json
sed 's/^index 1/index 2/' p.tlog-proof >moved.tlog-proof
unproven "" -- ledger verify moved.tlog-proof --policy policy
unproven "log" -- ledger verify p.tlog-proof --policy empty.policy
head -c 300 p.tlog-proof >cut.tlog-proof
unproven "no proof of a log" -- ledger verify cut.tlog-proof --policy policy
printf 'log %s\nwitness w %s\nquorum w\n' "$vkey" "$("$ws" ledger keys witness.key)" >strict.policy
unproven "" -- ledger verify p.tlog-proof --policy strict.policy
refuses 1 "no checkpoint that covers entry 1" "strict.policy" -- \
    ledger prove log --index 1 --policy strict.policy
refuses 1 "none.tlog-proof" -- ledger verify none.tlog-proof --policy policy

# ---- Several writers ----

for writer in 1 2 3 4; do
    (
        for i in 1 2 3 4 5; do
            "$ws" ledger add log envelope.json --json || echo "failed $i"
        done >writer-$writer
    ) &
done
wait
cat writer-? | sed -n 's/ *"index": \([0-9]*\),/\1/p' | sort -n >indices
check "no index twice and none left out" cmp indices <(seq 8 27)
(
    flock 9
    refuses 1 "another process writes to the log 'log'" "--wait" -- \
        ledger add log envelope.json --wait 0
) 9<>log/lock
accepts ledger publish log --key log.key
accepts ledger fsck log
check "sound" grep -q "^Sound: 'log.example' in 'log': 28 entries, 0 waiting" out

# ---- Memory does not grow with what a log keeps ----

# 4,000 checkpoints more, none of which is what the policy wants, within the memory that takes the search of few.
proves_none() { # proves_none KIB: whether it comes to that with no more memory
    (ulimit -d "$1" && "$ws" ledger prove log --index 1 --policy strict.policy >out 2>err) 2>shell.err
    grep -q "no checkpoint that covers entry 1" err
}
if ! $sanitized; then
    kib=1024
    until proves_none $kib || [ $kib -gt 100000 ]; do kib=$((kib + 256)); done
    kept=$(find log/checkpoints -type f ! -name '*.next' | tail -n 1)
    mkdir log/checkpoints/x001
    (cd log/checkpoints/x001 && tee $(seq -f %03g 0 999) <"../../../$kept" >/dev/null)
    for more in 2 3 4; do cp -rl log/checkpoints/x001 log/checkpoints/x00$more; done
    check "4,000 more within $kib KiB and a half more" proves_none $((kib + 512))
    rm -r log/checkpoints/x00?
fi

# ---- A directory that cannot be written ----

if [ "$(id -u)" != 0 ]; then
    chmod 500 log
    refuses 1 "log" -- ledger publish log --key log.key
    chmod 700 log
fi
accepts ledger --help
finish
