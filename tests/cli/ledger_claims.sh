# What statements mean in their log: keys that are changed and stolen, withdrawals, and a log that takes back
# what it showed.
. "$(dirname "$0")/lib.bash"

for name in log lab root next thief; do
    accepts ledger keys $name.key --make $name.example
    head -n 1 out >$name.vkey
done
printf 'log %s\nquorum none\n' "$(cat log.vkey)" >policy
printf 'urn:wellspring:roles:v1\nkey lab %s\nroot lab %s\nissuer lab lab.example\n' \
    "$(cat lab.vkey)" "$(cat root.vkey)" >roles
echo weights >model.bin
echo "what a model wrote" >text
accepts shard build text --out shard.bin
batch() { # batch MODEL: a description
    printf '%s\n' 'kind: model-emission' "model: $1" 'weights: model.bin' 'shards: [shard.bin]' \
        'started: 2026-11-01T00:00:00Z' 'ended: 2026-11-02T00:00:00Z' 'documents: 10'
}
batch lab.example/m >batch.yaml
batch other.example/m >foreign.yaml
accepts ledger init log --key log.key
log_of() { accepts ledger add log "$1" --issuer "$2.key"; }
publish() { accepts ledger publish log --key log.key; }
monitor() { accepts ledger monitor log --policy policy --roles roles --state state "$@"; }
prove() { accepts ledger prove log --index "$1" --out "$1.tlog-proof"; }
verify() { # verify STATUS PROOF WORDS -- OPTIONS: ends so, and says that
    local wanted=$1 proof=$2 words=$3
    shift 4
    runs ledger verify "$proof.tlog-proof" --policy policy --roles roles "$@"
    local status=$?
    [ $status -eq "$wanted" ] || { fail "verify $proof $*: status $status"; cat err; }
    grep -qF -e "$words" out err || { fail "verify $proof $*: wanted '$words'"; cat out err; }
}

# ---- What counts ----

log_of batch.yaml lab     # 0
log_of batch.yaml lab     # 1
log_of foreign.yaml lab   # 2: of what it may not speak
log_of batch.yaml thief   # 3: of nobody
publish
monitor
check "counts" grep -qxF "entry 0: lab: urn:wellspring:model-emission:v1: lab.example/m: counts" out
check "out of role" grep -q "^entry 2: lab: .*other.example/m: is of what its party may not speak$" out
check "nobody's is left out" test "$(grep -c ^entry out)" -eq 3
cp -r log before
prove 0
prove 1
prove 2
verify 0 0 "not looked for: no log given" --
verify 0 0 "In the log, of 4 entries now, it counts, and nothing takes it back." -- --log log
verify 3 2 "does not count: it is of what its party may not speak" -- --log log

# ---- Who may speak, by the proof alone: not a root key, nor who names no key ----

sed -n 's/^extra //p' 0.tlog-proof | base64 -d | sed 's/"keyid":"[^"]*"/"keyid":""/' >unnamed.json
accepts ledger init other --key log.key
accepts ledger add other batch.yaml --issuer root.key
accepts ledger add other unnamed.json
accepts ledger publish other --key log.key
accepts ledger prove other --index 0 --out root.tlog-proof
accepts ledger prove other --index 1 --out unnamed.tlog-proof
verify 0 root "'lab' signed it, and by the roles may not speak of that." --
verify 0 unnamed "Nobody whom the roles name signed it." --

# ---- Withdrawn, rotated, stolen ----

printf 'kind: withdrawal\nentry: 1\nreason: erased\n' >withdrawal.yaml
printf 'kind: key-change\nold_key: %s\nnew_key: %s\nsince: 0\n' "$(cat lab.vkey)" "$(cat next.vkey)" >rotation.yaml
printf 'kind: key-change\nold_key: %s\ncompromise: true\nsince: 7\n' "$(cat next.vkey)" >stolen.yaml
log_of withdrawal.yaml lab # 4
log_of rotation.yaml lab   # 5
log_of batch.yaml next     # 6
log_of batch.yaml next     # 7: by the thief, as is said later
log_of batch.yaml lab      # 8: its key speaks no more
publish
monitor --json
for line in '"entry":4,"party":"lab","type":"urn:wellspring:withdrawal:v1","about":"entry 1","standing":"COUNTS"' \
    '"entry":7,.*"standing":"COUNTS"' '"entry":8,.*"standing":"UNTIMELY"'; do
    check "monitor says $line" grep -q "$line" out
done
check "only what is new" test "$(grep -c '"entry"' out)" -eq 5
monitor
check "then nothing" test "$(grep -c ^entry out)" -eq 0
log_of stolen.yaml root # 9
log_of batch.yaml next  # 10
publish
monitor
check "stolen from an index on" grep -q "^entry 9: lab: .*, stolen, from entry 7 on: counts$" out
check "signs no more" grep -q "^entry 10: .*: is signed with a key that did not speak" out
for entry in 4 6 7 8; do
    prove $entry
done
verify 0 0 "counts, and nothing takes it back" -- --log log
verify 3 1 "was withdrawn, in entry 4." -- --log log
verify 0 6 "counts, and nothing takes it back" -- --log log
verify 3 7 "its key was revoked" -- --log log
verify 3 8 "is signed with a key that did not speak" -- --log log
verify 3 7 '"fate": "REVOKED"' -- --log log --json
verify 3 1 '"withdrawn_in": 4' -- --log log --json
verify 0 0 '"in_log": null' -- --json
"$ws" ledger prove log --index 4 | sed -n 's/^extra //p' | base64 -d |
    grep -o '"payload":"[^"]*"' | cut -d '"' -f 4 | base64 -d >statement
"$ws" ledger prove log --index 1 | sed -n 's/^extra //p' | base64 -d | sha256sum | cut -c 1-64 >digest
check "a withdrawal names what it is of" \
    grep -qF "\"subject\":[{\"name\":\"entry 1\",\"digest\":{\"sha256\":\"$(cat digest)\"}}]" statement

# ---- Held to what was shown ----

refuses 2 "--log" "--roles" -- ledger verify 0.tlog-proof --policy policy --log log
verify 0 0 "Its checkpoint: the first checkpoint of this log that was seen here." -- --state met
verify 0 0 '"seen_before": "SAME"' -- --state met --json
verify 0 8 "of another size than what was seen here before: not compared (--log can)." -- --state met
verify 0 0 "nothing takes it back" -- --log log --state seen
verify 3 0 "older than what was seen here before" -- --log before --state seen
verify 3 0 "older than what was seen here before" -- --log before --state state
verify 3 7 "an old copy, or rolled back" -- --log before
cp -r before forked
accepts ledger add forked batch.yaml --issuer lab.key
accepts ledger publish forked --key log.key
verify 3 6 "an old copy, or rolled back" -- --log forked
for _ in 1 2 3 4 5 6 7 8; do
    accepts ledger add forked batch.yaml --issuer lab.key
done
accepts ledger publish forked --key log.key
verify 3 6 "another history" -- --log forked
verify 3 0 "nobody proves that it goes on from what was seen here before" -- --log forked --state seen
check "both are kept" test "$(ls seen/*/evidence | wc -l)" -eq 2
verify 0 0 "nothing takes it back" -- --log log --state seen
dd if=/dev/zero of=forked/tile/entries/000.p/13 bs=1 seek=40 count=1 conv=notrunc 2>check.out
verify 3 0 "'forked' is refused" -- --log forked

# ---- The examples of docs/formats/statement.md ----

# Both are in there, the statement on lines that are one.
document=$WS_SOURCE_DIR/docs/formats/statement.md
sed -n '/^```yaml$/,/^```$/p' "$document" | grep -v '^```' >example.yaml
sed -n '/^```json$/,/^```$/p' "$document" | grep -v '^```' | tr -d '\n' >example.json
echo 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz' >peter.key
chmod 600 peter.key
hex() { # hex BYTES...: the bytes
    printf "$(printf %s "$@" | sed 's/../\\x&/g')"
}
example=$WS_SOURCE_DIR/docs/formats/shard.md
in_example() { # in_example DIGITS: the hash in docs/formats/shard.md that begins so
    sed -n '/^## Example$/,/^## Shards over HTTP$/p' "$example" | grep -o "\`$1[0-9a-f]*\`" | tr -d '`'
}
{
    printf WSSHARD1
    hex 5fc11dceecd357dadf66b14706fa136f
    printf ws-winnow-1
    head -c 53 /dev/zero
    hex 0300000000000000 0200000000000000 0000000000000000 "$(in_example 1bf86)" "$(in_example c6ece)"
} >batch.shard
check "the example's shard" test "$(sha256sum batch.shard | cut -c 1-64)" = "$(in_example b66fb)"
accepts ledger init example --key log.key
accepts ledger add example example.yaml --issuer peter.key
accepts ledger publish example --key log.key
"$ws" ledger prove example --index 0 | sed -n 's/^extra //p' | base64 -d >entry
sed 's/.*"payload":"\([^"]*\)".*/\1/' entry | base64 -d >statement
check "the statement" cmp statement example.json
check "its size" grep -qF "has $(wc -c <entry) bytes" "$document"
check "its signature" grep -qF "$(grep -o '"signatures".*' entry)" "$document"
leaf=$({ printf '\0'; cat entry; } | sha256sum | cut -c 1-64)
check "its leaf" grep -qF "its leaf is \`$leaf\`" "$document"

finish
