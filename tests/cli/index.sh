# An index of a log's shards: built, logged, built anew by another and compared, and proofs from it.
. "$(dirname "$0")/lib.bash"

for name in log lab archive mirror; do
    accepts ledger keys $name.key --make $name.example
    head -n 1 out >$name.vkey
done
accepts ledger keys served.key --make mirror.example --for witness
printf 'log %s\nquorum none\n' "$(cat log.vkey)" >policy
printf 'urn:wellspring:roles:v1\nkey lab %s\nkey archive %s\nkey mirror %s\nissuer lab lab.example\narchive archive archive.example\nmirror mirror %s http://127.0.0.1:1\n' \
    "$(cat lab.vkey)" "$(cat archive.vkey)" "$(cat mirror.vkey)" "$("$ws" ledger keys served.key)" >roles
mkdir shards
for name in model human lost; do
    for i in 1 2 3 4 5 6 7 8 9; do printf '%s says %s things of %s nobody else would, ' $name$i $i$i $name; done >$name.txt
    accepts shard build $name.txt --out shards/$name.shard
done
echo weights >model.bin
printf '%s\n' 'kind: model-emission' 'model: lab.example/m' 'weights: model.bin' 'shards: [shards/model.shard, shards/lost.shard]' \
    'started: 2026-11-01T00:00:00Z' 'ended: 2026-11-02T00:00:00Z' 'documents: 1' >emission.yaml
printf '%s\n' 'kind: human-archive' 'collection: archive.example/2019' 'shards: [shards/human.shard]' 'method: crawl' \
    'started: 2019-11-01T00:00:00Z' 'ended: 2019-11-02T00:00:00Z' 'documents: 1' >archived.yaml
accepts ledger init log --key log.key
accepts ledger add log emission.yaml --issuer lab.key
accepts ledger add log archived.yaml --issuer archive.key
accepts ledger add log emission.yaml --issuer archive.key # of what it may not speak
accepts ledger publish log --key log.key
rm shards/lost.shard

# What writers that were killed have left is no shard, whichever is looked at first.
for draft in 0 1 2 3; do cp shards/model.shard shards/model.shard.tmp-$draft; done
accepts index build log --shards shards --policy policy --roles roles --out first.index
check "two are live" grep -q "of 2 live shards that 3 entries of 'log.example' name" out
check "one is lost" grep -qxF "Not in it: entry 0, shard 1: unavailable" out
check "two are unfounded" test "$(grep -c ': unfounded$' out)" -eq 2
check "what is next" grep -q "wellspring ledger add LOG first.index.yaml --issuer KEY" <(joined out)
accepts index verify first.index
check "sound" grep -q "^Sound: 'first.index'" out

# It is logged, by who has a mirror and by nobody else.
accepts ledger add log first.index.yaml --issuer mirror.key
accepts ledger add log first.index.yaml --issuer lab.key
accepts ledger publish log --key log.key
accepts ledger monitor log --policy policy --roles roles --state state
check "a mirror's index counts" grep -qxF "entry 3: mirror: urn:wellspring:index:v1: 3 entries: counts" out
check "another's does not" grep -q "^entry 4: lab: .*is of what its party may not speak$" out
accepts ledger prove log --index 3 --out index.tlog-proof
accepts ledger verify index.tlog-proof --policy policy --roles roles
check "what it says" grep -q "index of the shards of 3 entries of 'log.example'" out

# Another builds it anew, from a log that has grown since, and comes to the same.
accepts index verify first.index --log log --shards shards --policy policy --roles roles --json
check "the same" grep -q '"rebuilt": true' out
mkdir fewer
cp shards/model.shard* fewer
refuses 3 "says of entry 1, shard 0: live; here entry 1, shard 0 is unavailable" -- \
    index verify first.index --log log --shards fewer --policy policy --roles roles
refuses 3 "built with other roles" -- index verify first.index --log log --shards shards --policy policy
cp -r shards doctored
printf x | dd of=doctored/human.shard.tiles bs=1 seek=30 conv=notrunc 2>check.out
runs index verify first.index --log log --shards doctored --policy policy --roles roles
[ $? -eq 3 ] || fail "a doctored shard is not refused"
check "which and why" grep -q "entry 1, shard 0: damaged" err

# Proofs for those who have no index.
digest=$(sha256sum first.index | cut -c 1-64)
there=$(od -An -tx8 --endian=little -j 24 -N 8 shards/human.shard.tiles | tr -d ' ')
accepts index prove first.index --fingerprint "$there" --out there.proof
accepts index verify there.proof --digest "$digest" --fingerprint "$there"
check "in shard 1" grep -qxF "Proven: $there is there, in 1 shard: 1" out
accepts index prove first.index --fingerprint 0123456789abcdef --out absent.proof
accepts index verify absent.proof --digest "$digest" --fingerprint 0123456789abcdef
check "in none" grep -q "^Proven: 0123456789abcdef is not there" out
refuses 3 "another index" -- index verify there.proof --digest "$(printf x | sha256sum | cut -c 1-64)" --fingerprint "$there"

# Withdrawn shards are dropped, and the list says where.
printf 'kind: withdrawal\nentry: 1\nreason: erased\n' >withdrawal.yaml
accepts ledger add log withdrawal.yaml --issuer archive.key
accepts ledger publish log --key log.key
accepts index build log --shards shards --policy policy --roles roles --out second.index --json
check "withdrawn" grep -q '"state": "withdrawn"' out
check "where" grep -q "^withdrawn 1 0 $(sha256sum shards/human.shard | cut -c 1-64) 5$" second.index.list
accepts index prove second.index --fingerprint "$there" --out there.proof
check "gone" grep -q "is not there" out

# Without roles all count, and what was withdrawn, too.
accepts index build log --shards shards --out bare.index
check "both are live" grep -q "of 2 live shards that 6 entries" out

refuses 2 "is there already" -- index build log --shards shards --out first.index
refuses 2 "--shards DIR" -- index build log --out x.index
refuses 2 "--policy FILE" -- index build log --shards shards --roles roles --out x.index
refuses 1 "nowhere" -- index build nowhere --shards shards --out x.index
printf x | dd of=second.index.tiles bs=1 seek=30 conv=notrunc 2>check.out
refuses 3 "tile 0" -- index verify second.index
refuses 2 "which command" -- index
head -c 60 first.index >torn.index
cp first.index.list torn.index.list
refuses 3 "'torn.index': no head of an index: 60 bytes" -- index verify torn.index
finish
