# `serve --log --shards`: shards that a log names over HTTP, a range lookup, a mirror that fetches them, one that is
# withdrawn, and a site that sends other bytes. What a shard is: tests/cli/shard.sh.
. "$(dirname "$0")/lib.bash"

trap 'kill $served 2>/dev/null; rm -rf "$place"' EXIT
served=

for name in log lab archive; do accepts ledger keys $name.key --make $name.example --for "$([ $name = log ] && echo log || echo issuer)"; done
accepts ledger init log --origin log.example --key log.key
accepts vault init v
mkdir texts shards
for i in $(seq 40); do seq -s " $i and then " "${i}000" "${i}200" >"texts/$i.txt"; done
accepts vault add v texts
accepts vault statement v --collection archive.example/texts --method 'by hand' --key archive.key --out shards/a.shard --log log
for n in b c; do
    seq -s " the $n then " 1 900 >$n.txt
    accepts shard build $n.txt --out shards/$n.shard
done
describe() { # describe SHARD FILE
    cat >"$2" <<END
{"kind": "model-emission", "model": "lab.example/m", "weights": "sha256:$(sha256sum log.key | cut -c 1-64)",
 "started": "2026-11-01T00:00:00Z", "ended": "2026-11-02T00:00:00Z", "documents": 1, "shards": ["$1"]}
END
}
describe shards/b.shard b.yaml
accepts ledger add log b.yaml --issuer lab.key # shards/c.shard is named by nobody
# Whoever the roles do not know names a shard, too.
accepts ledger keys stranger.key --make stranger.example --for issuer
accepts shard build texts/1.txt --out shards/d.shard
describe shards/d.shard d.yaml
accepts ledger add log d.yaml --issuer stranger.key
accepts ledger publish log --key log.key
printf 'log %s\nquorum none\n' "$("$ws" ledger keys log.key)" >policy
printf 'urn:wellspring:roles:v1\nkey lab %s\nissuer lab lab.example\nkey archive %s\narchive archive archive.example\n' \
    "$("$ws" ledger keys lab.key)" "$("$ws" ledger keys archive.key)" >roles
digest() { sha256sum "shards/$1.shard" | cut -c 1-64; }

refuses 2 "--shards and --roles go together" -- serve --log log --shards shards
refuses 1 "nowhere" -- serve --log log --shards nowhere --roles roles
refuses 2 "where are the shards? --shards DIR" -- shard fetch http://127.0.0.1:1
refuses 2 "'log' is no URL" -- shard fetch log --shards mirror
refuses 2 "--most is '0'" -- shard fetch http://127.0.0.1:1 --shards mirror --most 0

if ! command -v curl >/dev/null; then
    echo "skipped the rest: no curl here"
    finish
fi

serve() { # serve DIR: at `at`
    rm -f serve.out # else the address of the one before may be read
    "$ws" serve --log log --shards "$1" --roles roles --port 0 >serve.out 2>serve.err &
    served=$!
    awaits $served grep -qs "http://[0-9.]*:[0-9]" serve.out || fail "no server: $(cat serve.err)"
    at=$(grep -o "http://[0-9.]*:[0-9]*" serve.out)
}
code() { curl -s -o body -w '%{http_code}' "$at/$1"; }

# ---- What is served ----

serve shards
[ "$(code "shards/$(digest a)")" = 200 ] || fail "no head: $(cat body)"
check "the head" cmp body shards/a.shard
curl -s -D headers -o tiles "$at/shards/$(digest a)/tiles/0"
check "the tiles" cmp tiles shards/a.shard.tiles
check "caches ask again" grep -qi '^cache-control: public, max-age=300' headers
[ "$(code "shards/$(digest a)/documents/0")" = 200 ] || fail "no documents"
check "the documents" cmp body shards/a.shard.documents

# All under one prefix, with its proof: the fingerprint itself is not told.
fingerprint=$("$ws" fingerprint texts/7.txt --list | grep -oE '\b[0-9a-f]{16}\b' | head -n 1)
accepts shard show shards/a.shard --json
bits=$(grep -oE '"bits": *[0-9]+' out | grep -oE '[0-9]+')
tiles=$((1 << bits))
[ "$tiles" -ge 4 ] || fail "too few tiles: $tiles"
tile=$((0x${fingerprint:0:4} >> (16 - bits)))
[ "$(code "shards/$(digest a)/proof/$tile")" = 200 ] || fail "no proof of tile $tile of $tiles: $(cat body)"
accepts shard verify body --digest "$(digest a)" --fingerprint "$fingerprint"
check "it is there" grep -q "^Proven: $fingerprint is there" out

for unknown in "shards/$(digest c)" "shards/$(digest c)/proof/0" "shards/$(digest d)" "shards/${fingerprint}" \
    "shards/$(digest a)/secret/0" "shards/$(digest a).secret" "shards/a.shard" "shards/$(digest a)/proof/$tiles" \
    "shards/$(digest a)/proof/00" "shards/$(digest a)/proof/-1" "shards/$(digest a)/tiles/1" "shards" \
    "shards/$(digest a)/proof/99999999999999999999"; do
    [ "$(code "$unknown")" = 404 ] || fail "'$unknown': $(code "$unknown")"
done

# ---- A mirror ----

accepts shard fetch "$at" --shards mirror --policy policy --roles roles
check "two of three" grep -q "^2 shards fetched and verified, 0 were there, 0 are missing" out
for n in a b; do
    for part in "" .tiles .documents; do
        cmp "shards/$n.shard$part" "mirror/$(digest $n).shard$part" || fail "another shard $n$part"
    done
done
[ "$(find mirror -name '*.secret' | wc -l)" = 0 ] || fail "a secret was fetched"
accepts shard fetch "$at" --shards mirror --policy policy --roles roles --json
check "they are there" grep -q '"there": *2' out
accepts index build "$at" --shards mirror --policy policy --roles roles --out m.index
check "an index of both" grep -q "of 2 live shards" out
mkdir small
runs shard fetch log --from "$at" --shards small --roles roles --policy policy --seconds 0
[ $? = 3 ] || fail "no time: another status"
check "no time" grep -q "the shard takes more than 0 s" out
find small -type f | grep -q . && fail "something is kept of what took too long"

# ---- Withdrawn ----

printf '{"kind": "withdrawal", "entry": 1, "reason": "a mistake"}' >back.yaml
accepts ledger add log back.yaml --issuer lab.key
# Others ask meanwhile, and get all or nothing.
for _ in {1..30}; do echo "$at/shards/$(digest b)/proof/0"; done |
    xargs -P 6 -n 1 curl -s -o asked -w '%{http_code}\n' >codes &
asking=$!
accepts ledger publish log --key log.key
wait $asking
check "there or gone" test "$(grep -cxE '200|410' codes)" -eq 30
for path in "" /proof/0 /tiles/0 /documents/0; do
    [ "$(code "shards/$(digest b)$path")" = 410 ] || fail "'$path' of what was withdrawn: $(cat body)"
    check "says where" grep -q "withdrawn at entry 3" body
done
# Nor does anybody else bring it back, who names it after its owner.
cat >again.yaml <<END
{"kind": "human-archive", "collection": "archive.example/again", "method": "by hand", "documents": 1,
 "started": "2026-11-01T00:00:00Z", "ended": "2026-11-02T00:00:00Z", "shards": ["shards/b.shard"]}
END
accepts ledger add log again.yaml --issuer archive.key
accepts ledger publish log --key log.key
[ "$(code "shards/$(digest b)")" = 410 ] || fail "another's statement revives it: $(cat body)"
check "says where its owner withdrew it" grep -q "withdrawn at entry 3" body
accepts index build "$at" --shards shards --policy policy --roles roles --out after.index
check "nor is it in an index" grep -q "of 1 live shards" out
check "by either statement" test "$(grep -c "^withdrawn .* $(digest b) 3$" after.index.list)" -eq 2
[ "$(code "shards/$(digest a)")" = 200 ] || fail "another one is gone, too"
rm -r mirror
accepts shard fetch "$at" --shards mirror --policy policy --roles roles
check "one is left" grep -q "^1 shards fetched" out
curl -s "$at/metrics" >metrics
check "heads are counted" grep -qE '^wellspring_log_shard_requests_total\{answer="head"\} [1-9]' metrics
check "withdrawn ones are" grep -qx 'wellspring_log_shard_requests_total{answer="withdrawn"} '"$((5 + $(grep -cx 410 codes)))" metrics
kill $served
wait $served
[ ! -s serve.err ] || fail "said $(cat serve.err)"

# ---- A site that lies ----

mkdir lies
cp shards/a.shard* lies
printf X | dd of=lies/a.shard.tiles bs=1 seek=40 conv=notrunc 2>check.out
serve lies
runs shard fetch "$at" --shards victim --policy policy --roles roles
[ $? = 3 ] || fail "other bytes: another status"
check "one is missing" grep -q "^0 shards fetched and verified, 0 were there, 1 are missing" out
[ ! -e "victim/$(digest a).shard" ] || fail "a damaged shard counts"
kill $served
wait $served
runs shard fetch log --from "$at" --shards victim --policy policy --roles roles
[ $? = 3 ] || fail "no site: another status"
check "why" grep -q "^missing $(digest a) of entry 0: cannot ask .$at/shards/" out
finish
