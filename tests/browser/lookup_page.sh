# The page of a log's site in a browser: texts that are pasted and dropped, the parts that are claimed, and the evidence,
# which the program verifies. What HTTP answers: tests/cli/serve_lookup.sh.
. "$(dirname "$0")/lib.bash"

for name in log lab archive; do accepts ledger keys $name.key --make $name.example; done
accepts ledger init log --key log.key
printf 'log %s\n' "$("$ws" ledger keys log.key)" >policy
accepts witness init north --name north.example
accepts witness add-log north "$("$ws" ledger keys log.key)"
"$ws" witness serve north --port 0 >witness.out 2>witness.err &
witness=$!
awaits $witness grep -qE 'http://[^ ]*[^/ ]' witness.out
url=$(grep -oE 'http://[^ ]*[^/ ]' witness.out)
printf 'witness north %s %s\ngroup all all north\nquorum all\n' "$(cat north/vkey)" "$url" >>policy
cat >roles <<END
urn:wellspring:roles:v1
key lab $("$ws" ledger keys lab.key)
key archive $("$ws" ledger keys archive.key)
issuer lab lab.example
archive archive archive.example
operator first north
END
mkdir shards
echo weights >model.bin
# Letters outside the plane that JavaScript counts as one come before what is claimed.
for i in $(seq 90); do printf '𝕎 %s the model says 😀 ' "$((i * 7919))"; done >model.txt
for i in $(seq 90); do printf '%s the human says, ' "$((i * 104729))"; done >human.txt
for i in $(seq 60); do printf '%s 😀 nobody says, ' "$((i * 1299709))"; done >nobody.txt
# A document that is HTML, and claims that are.
{ printf '<script>alert(1)</script><img src=x onerror=alert(2)>"><svg onload=alert(3)> '; cat human.txt; } >hostile.txt
accepts shard build model.txt --out shards/model.shard
accepts shard build hostile.txt --out shards/human.shard
cat >model.yaml <<END
{"kind": "model-emission", "model": "lab.example/m", "weights": "model.bin", "started": "2026-11-01T00:00:00Z",
 "ended": "2026-11-02T00:00:00Z", "documents": 1, "shards": ["shards/model.shard"], "depth_at_least": 1, "depth_at_most": 3}
END
cat >human.yaml <<END
{"kind": "human-archive", "collection": "archive.example/<img src=x onerror=alert(4)>", "method": "by hand",
 "started": "2019-11-01T00:00:00Z", "ended": "2019-11-02T00:00:00Z", "documents": 1, "shards": ["shards/human.shard"]}
END
accepts ledger add log model.yaml --issuer lab.key
accepts ledger add log human.yaml --issuer archive.key
accepts ledger publish log --key log.key --policy policy

cat nobody.txt model.txt >pasted.txt
accepts lookup pasted.txt --log log --shards shards --policy policy --roles roles --json
cp out pasted.json
"$ws" serve --log log --shards shards --policy policy --roles roles --port 0 >serve.out 2>serve.err &
server=$!
awaits $server grep -qs Ctrl-C serve.out
at=$(grep -o 'http://[0-9.]*:[0-9]*' serve.out)

browse lookup_page.js "$at" pasted.txt pasted.json hostile.txt saved.bundle
accepts lookup verify saved.bundle --policy policy --roles roles --text pasted.txt
check "the evidence" grep -q "as claimed by 'lab': lab.example/m" out

for _ in {1..120}; do echo model.yaml; done | xargs "$ws" ledger add log --issuer lab.key >out || fail "many statements"
accepts ledger publish log --key log.key --policy policy
browse lookup_log.js "$at"

kill -TERM $server
wait $server || fail "SIGTERM: status $?"
[ ! -s serve.err ] || fail "said $(cat serve.err)"
kill $witness
finish
