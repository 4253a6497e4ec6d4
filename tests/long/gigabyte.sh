# Texts of 1 GB that are looked up: ordinary ones, and such as no text is.
. "$(dirname "$0")/../cli/lib.bash"

gigabyte=1000000000
accepts ledger keys log.key --make log.example --for log
accepts ledger keys lab.key --make lab.example
accepts ledger init log --origin log.example --key log.key
printf 'log %s\nquorum none\n' "$("$ws" ledger keys log.key)" >policy
printf 'urn:wellspring:roles:v1\nkey lab %s\nissuer lab lab.example\n' "$("$ws" ledger keys lab.key)" >roles
printf 'urn:wellspring:registry:v1\npolicy policy\nroles roles\nlog log\nshards .\n' >registry
for i in $(seq 90); do printf '%s the model says, ' "$((i * 7919))"; done >model.txt
echo weights >weights
accepts shard build model.txt --out model.shard
cat >model.yaml <<END
{"kind": "model-emission", "model": "lab.example/m", "weights": "weights", "started": "2026-11-01T00:00:00Z",
 "ended": "2026-11-02T00:00:00Z", "documents": 1, "shards": ["model.shard"], "depth_at_least": 1, "depth_at_most": 3}
END
accepts ledger add log model.yaml --issuer lab.key
accepts ledger publish log --key log.key

# look_up WHAT VERDICT: standard input, which is WHAT.
look_up() {
    "$ws" lookup - --policy registry >out 2>err || fail "$1: status $? $(cat err)"
    check "$1" grep -q "^$2: " out
}

bytes() {
    head -c $gigabyte /dev/zero | tr '\0' "$1"
}

numbers() {
    seq 1 300000000 2>numbers.err | head -c "$1"
}

bytes '\0' | look_up "NULs" unknown
check "all of them" grep -q "characters *$gigabyte: unknown $gigabyte" out
bytes '\377' | look_up "no UTF-8" unknown
{ bytes '\302' && cat model.txt; } | look_up "a text behind what is none" mixed
numbers $gigabyte | look_up "numbers" unknown
{ numbers $gigabyte && cat model.txt; } | look_up "a text at the end" mixed
check "where it is" grep -qE '^ +1000000[0-9]{3} +1000000[0-9]{3} +model' out
numbers $((2 * gigabyte)) | "$ws" lookup - --policy registry >out 2>err && fail "2 GB were looked up"
check "into how large parts" grep -q "split -C 1G" err
finish
