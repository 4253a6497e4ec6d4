# `serve --log --shards --policy`: texts that are looked up over HTTP: the same as the command says, bundles that
# verify, what is too large or asked wrongly, and that nothing of a text is kept. Verdicts: tests/cli/lookup.sh.
. "$(dirname "$0")/lib.bash"

trap 'kill $served 2>/dev/null; rm -rf "$place"' EXIT
served=
if ! command -v curl >/dev/null; then
    echo "skipped: no curl here"
    exit 77
fi

for name in log lab archive mirror; do accepts ledger keys $name.key --make $name.example; done
accepts ledger keys stored.key --make mirror.example --for witness
accepts ledger init log --key log.key
printf 'log %s\nquorum none\n' "$("$ws" ledger keys log.key)" >policy
cat >roles <<END
urn:wellspring:roles:v1
key lab $("$ws" ledger keys lab.key)
key archive $("$ws" ledger keys archive.key)
key mirror $("$ws" ledger keys mirror.key)
issuer lab lab.example
archive archive archive.example
mirror mirror $("$ws" ledger keys stored.key) http://127.0.0.1:1
END
mkdir shards
echo weights >model.bin
seq -s ' the model then ' 1 900 >model.txt
seq -s ' the human then ' 1 900 >human.txt
seq -s ' nobody then ' 1 900 >nobody.txt
accepts shard build model.txt --out shards/model.shard
accepts shard build human.txt --out shards/human.shard
cat >model.yaml <<END
{"kind": "model-emission", "model": "lab.example/m", "weights": "model.bin", "started": "2026-11-01T00:00:00Z",
 "ended": "2026-11-02T00:00:00Z", "documents": 1, "shards": ["shards/model.shard"], "depth_at_least": 1, "depth_at_most": 3}
END
cat >human.yaml <<END
{"kind": "human-archive", "collection": "archive.example/c", "method": "by hand", "started": "2019-11-01T00:00:00Z",
 "ended": "2019-11-02T00:00:00Z", "documents": 1, "shards": ["shards/human.shard"]}
END
accepts ledger add log model.yaml --issuer lab.key
accepts ledger add log human.yaml --issuer archive.key
accepts ledger publish log --key log.key
by=(--policy policy --roles roles)
refuses 2 "--index is for lookups" -- serve --log log --index day.index

serve() { # serve FLAG...: at `at`
    rm -f serve.out # else the address of the one before may be read
    TMPDIR=$place/temporary "$ws" serve --log log "$@" --port 0 >serve.out 2>serve.err &
    served=$!
    awaits $served grep -qs "http://[0-9.]*:[0-9]" serve.out || fail "no server: $(cat serve.err)"
    at=$(grep -o "http://[0-9.]*:[0-9]*" serve.out)
}
mkdir temporary
code() { curl -s -o body -D headers -w '%{http_code}' "$at/$1" "${@:2}"; }
answers() { # answers CODE PATH CURL...
    local seen
    seen=$(code "${@:2}")
    [ "$seen" = "$1" ] || fail "'$2': $seen, wanted $1: $(head -c 300 body)"
}

# ---- The same as the command ----

serve --shards shards "${by[@]}"
{ cat model.txt human.txt; } >both.txt
: >empty.txt
printf 'bad \xff\xfe text \0 %s' "$(cat model.txt)" >bad.txt
for name in model human nobody both empty bad; do
    answers 200 lookup --data-binary @$name.txt -H 'Content-Type: text/plain'
    accepts lookup $name.txt --log log --shards shards "${by[@]}" --json
    check "the same JSON of $name" cmp body out
    answers 200 lookup/bundle --data-binary @$name.txt
    accepts lookup $name.txt --log log --shards shards "${by[@]}" --bundle wanted.bundle
    check "the same bundle of $name" cmp body wanted.bundle
done
answers 200 lookup --data-binary @model.txt
check "a model's" grep -qF '"label": "model"' body
check "JSON" grep -qi '^content-type: application/json' headers
check "not kept by caches" grep -qi '^cache-control: no-store' headers
answers 200 lookup/bundle --data-binary @model.txt
check "to be saved" grep -qi "^content-disposition: attachment.*evidence.bundle" headers
cp body model.bundle
accepts lookup verify model.bundle "${by[@]}" --text model.txt
check "verified without the server" grep -qxF "model, as claimed by 'lab': lab.example/m" out

# ---- What is asked wrongly ----

head -c 4194304 /dev/zero | tr '\0' 'a' >most.txt
answers 200 lookup --data-binary @most.txt
echo a >>most.txt
answers 413 lookup --data-binary @most.txt
answers 413 lookup/bundle --data-binary @most.txt
answers 413 lookup -T most.txt -X POST -H 'Transfer-Encoding: chunked' # which says nothing of its size
answers 413 add --data-binary @both.txt -H 'Content-Length: 4000000'
answers 405 lookup -X DELETE
check "the methods there are" grep -qiE '^allow: .*POST' headers
answers 405 lookup/bundle
answers 405 lookup/log -d x
answers 404 lookup/nothing -d x
answers 404 lookup/bundle/x -d x

# ---- The page ----

answers 200 lookup
check "a page" grep -qi '^content-type: text/html' headers
check "that runs no text as a program" grep -qi "^content-security-policy: default-src 'none'; script-src 'self'" headers
check "and says what is kept" grep -q 'never stored' body
answers 200 assets/lookup.js
answers 404 assets/nothing.js
answers 400 assets/../lookup --path-as-is

# ---- What the log has ----

answers 200 lookup/log
check "its size" grep -qF '"entries": 2' body
check "a statement" grep -qF '"of": "lab.example/m"' body
check "an issuer" grep -qF '"role": "archive"' body
check "the latest first" test "$(grep -nF '"of": "archive.example/c"' body | head -n 1 | cut -d : -f 1)" -lt "$(grep -nF '"of": "lab.example/m"' body | head -n 1 | cut -d : -f 1)"

check "all of it" grep -qF '"earlier": null' body
answers 200 lookup/log/1
check "those before the second" test "$(grep -oE '"entry": [0-9]+' body)" = '"entry": 0'
answers 404 lookup/log/x

answers 404 index
check "without one" grep -q 'no index is served here' body

# ---- Many at once: each is answered, or told to come again ----

for _ in {1..40}; do echo "$at/lookup"; done |
    xargs -P 20 -n 1 curl -s -o /dev/null -w '%{http_code}\n' --data-binary @both.txt >codes
check "answered, or told to come again" test "$(grep -cxE '200|503' codes)" -eq 40
check "some are answered" grep -qx 200 codes

# ---- The log goes on ----

cat >nobody.yaml <<END
{"kind": "model-emission", "model": "lab.example/n", "weights": "model.bin", "started": "2026-11-01T00:00:00Z",
 "ended": "2026-11-02T00:00:00Z", "documents": 1, "shards": ["shards/nobody.shard"]}
END
accepts shard build nobody.txt --out shards/nobody.shard
accepts ledger add log nobody.yaml --issuer lab.key
accepts ledger publish log --key log.key
answers 200 lookup --data-binary @nobody.txt
check "what was added since" grep -qF '"of": "lab.example/n"' body
printf 'kind: withdrawal\nentry: 2\nreason: a mistake\n' >back.yaml
accepts ledger add log back.yaml --issuer lab.key
accepts ledger publish log --key log.key
answers 200 lookup --data-binary @nobody.txt
check "and taken back" grep -qF '"label": "unknown"' body
# More than are told at once.
for _ in {1..120}; do echo model.yaml; done | xargs "$ws" ledger add log --issuer lab.key >out || fail "many statements"
accepts ledger publish log --key log.key
at_once() { grep -cE '"entry": [0-9]+' body; }
answers 200 lookup/log
check "the latest hundred" test "$(at_once)" -eq 100
check "there are more" grep -qF '"earlier": 24' body
answers 200 lookup/log/24
check "the rest" test "$(at_once)" -eq 24
check "no more" grep -qF '"earlier": null' body

# ---- Nothing is kept ----

answers 200 metrics
check "counted" grep -qE '^wellspring_log_lookups_total\{outcome="answered"\} [1-9]' body
grep -qE 'the model then|nobody then' body && fail "metrics have a text"
kill $served
wait $served || fail "ended with $?"
[ ! -s serve.err ] || fail "said $(cat serve.err)"
grep -rqE 'the (model|human) then|nobody then' log shards temporary serve.out serve.err && fail "a text was kept"
[ -z "$(ls temporary)" ] || fail "files are left behind"

# ---- A log that the policy refuses; an index; no lookups ----

accepts index build log --shards shards "${by[@]}" --out day.index
accepts ledger add log day.index.yaml --issuer mirror.key
accepts ledger publish log --key log.key
serve --shards shards "${by[@]}" --index day.index
answers 200 lookup --data-binary @nobody.txt
accepts lookup nobody.txt --log log --shards shards "${by[@]}" --index day.index --json
check "the same with an index" cmp body out
check "complete" grep -qF '"complete": true' body
answers 200 index
check "the index's head" cmp body day.index
digest=$(sha256sum <body | cut -d ' ' -f 1)
answers 200 index/list
check "its list" cmp body day.index.list
answers 200 index/proof/0
cp body tile.proof
accepts index verify tile.proof --digest "$digest" --fingerprint 0000000000000000
answers 404 index/proof/99999999999
answers 404 index/proof/x
# What was withdrawn is gone from the index that still has it, until the next one.
printf 'kind: withdrawal\nentry: 1\nreason: on request\n' >withdrawal.yaml
accepts ledger add log withdrawal.yaml --issuer archive.key
accepts ledger publish log --key log.key
answers 410 index/proof/0
check "why" grep -q "withdrawn at entry" body
answers 200 index/list
accepts index build log --shards shards "${by[@]}" --out next.index
mv next.index.tiles day.index.tiles
mv next.index.list day.index.list
mv next.index day.index
answers 200 index/proof/0
kill $served
wait $served
printf 'log %s\nquorum none\n' "$("$ws" ledger keys lab.key)" >stranger
serve --shards shards --policy stranger --roles roles
answers 503 lookup --data-binary @model.txt
check "why" grep -q "this server's policy refuses the log" body
check "come again" grep -qi '^retry-after: ' headers
check "said to who serves it" grep -q "is refused" serve.err
kill $served
wait $served
serve --shards shards --roles roles
answers 404 lookup --data-binary @model.txt
answers 404 lookup
answers 404 assets/lookup.js
finish
