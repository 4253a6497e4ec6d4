# `run --register`: a run's samples as model emissions in a log, killed and taken up again; what is refused.
. "$(dirname "$0")/lib.bash"

make_corpus 4000 | tr '\n' ' ' >corpus.txt
cat >words.yaml <<'END'
family: ngram
source: text
corpus: corpus.txt
block: 60
items: 50
test_items: 10
policies: [replace, augment]
generations: 3
seeds: 2
END
accepts ledger keys lab.key --make lab.example.com --for issuer
accepts ledger keys log.key --make log.example.com --for log
accepts ledger init log --origin log.example.com --key log.key

refuses 2 "--register DIR, which is not given" -- run words.yaml -q --key lab.key
refuses 2 "whose statements" -- run words.yaml -q --register made
refuses 1 "nokey" -- run words.yaml -q --register made --key nokey
refuses 1 "--register is for models of texts" "gaussian" -- run gaussian -q --register made --key lab.key
[ ! -d runs ] || fail "a run that was refused began"

# Half of it, killed in a way: what the log has not got of a generation is added when it goes on.
accepts run words.yaml -q -o plain --set generations=3
accepts run words.yaml -q -o half --set generations=1 --register made --key lab.key --log log
accepts ledger publish log --key log.key
generations=$(ls made/*.statement | wc -l)
rm made/words-replace-seed-1-generation-0.shard made/words-replace-seed-1-generation-0.shard.statement*
rm half/arms/*/*
runs run words.yaml -o half --register made --key lab.key --log log --threads 2
check "it went on" test $? = 0
check "the next step" grep -q "ledger publish log --key" <(joined out)
check "how many" grep -q "^Registered in made: 18 emissions" out
check "one of each generation, seed and arm" test "$(ls made/*.statement | wc -l)" = 18
check "half of them were there" test "$generations" = 6
check "the run is the same" same_runs plain half
accepts ledger publish log --key log.key
check "twice only what was lost" grep -q "checkpoint of 19 entries" out
for shard in made/*.shard; do accepts shard verify "$shard"; done
check "secrets are private" test -z "$(find made -name '*.secret' -not -perm 600)"

# Depth is known: a model of generation g that is trained on the one before alone writes texts of depth g + 1.
claim() { sed 's/.*"payload":"\([^"]*\)".*/\1/' "made/words-$1.shard.statement" | base64 -d; }
claim replace-seed-2-generation-2 >claimed
check "its model" grep -q '"id":"lab.example.com/words/replace/seed-2/generation-2"' claimed
check "its depth" grep -q '"atLeast":3,"atMost":3,"tokenMean":3' claimed
check "its shard" grep -q "$(sha256sum made/words-replace-seed-2-generation-2.shard | cut -c 1-64)" claimed
claim augment-seed-1-generation-0 >claimed
check "of people's texts alone" grep -q '"atLeast":1,"atMost":1,"tokenMean":1[,}.]' claimed
# Half people's texts, half of depth 1 (but for blocks' lengths, which are alike).
claim augment-seed-1-generation-1 >claimed
check "of both" grep -q '"atLeast":2,"atMost":2,"tokenMean":1.5[,}]' claimed

# What a model wrote is found in its shard.
printf 'urn:wellspring:roles:v1\nkey lab %s\nissuer lab lab.example.com\n' "$("$ws" ledger keys lab.key)" >roles
printf 'log %s\nquorum none\n' "$("$ws" ledger keys log.key)" >policy
accepts index build log --shards made --policy policy --roles roles --out i.index
check "an index of all" grep -q "of 18 live shards" out
text=$(sed -n 's/.*"generation":2,"item":0,"text":"\(.*\)"}$/\1/p' half/arms/replace/seed-1.texts.jsonl)
printf '%s' "$text" >text
fingerprint=$("$ws" fingerprint text --list | grep -oE '\b[0-9a-f]{16}\b' | head -n 1)
accepts shard prove made/words-replace-seed-1-generation-2.shard --fingerprint "$fingerprint" --out proof
check "it is there" grep -q "^Proven: $fingerprint is there" out

# One file says it all, to lookups as well.
cat >registry.txt <<END
urn:wellspring:registry:v1
policy policy
roles roles
log third
shards by-file
issuer lab.key
END
accepts ledger init third --origin log.example.com --key log.key
runs run words.yaml -o by-one --register registry.txt --set generations=1
check "registered" grep -q "^Registered in by-file: 6 emissions" out
accepts ledger publish third --key log.key
accepts lookup text --policy registry.txt
check "a lookup searches them" grep -q "^Shards: 6 of 6 searched" out
sed -i 's/^log .*/log https:\/\/log.example.com/' registry.txt
refuses 2 "is a log's site" -- run words.yaml -q --register registry.txt
sed -i '/^issuer/d; /^log/d' registry.txt
refuses 2 "'issuer FILE' in a registry" -- run words.yaml -q --register registry.txt
sed -i '/^shards/d' registry.txt
refuses 2 "No line says 'shards DIRECTORY'" -- run words.yaml -q --register registry.txt
refuses 2 "wanted 'urn:wellspring:registry:v1'" -- run words.yaml -q --register corpus.txt

# Killed while it registers: the same run, every sample once, and in the log at least once.
accepts ledger init other --origin log.example.com --key log.key
has_statements() {
    [ "$(find dead -name '*.statement' | wc -l)" -ge "$1" ]
}
for enough in 2 7; do
    "$ws" run words.yaml -q -o killed --register dead --key lab.key --log other >killed.out 2>&1 &
    running=$!
    awaits $running has_statements $enough
    kill -9 $running 2>check.out
    wait $running 2>check.out
done
accepts run words.yaml -q -o killed --register dead --key lab.key --log other
check "the run is the same" same_runs plain killed
check "every sample once" test "$(ls dead/*.statement | wc -l) $(ls dead/*.entry | wc -l)" = "18 18"
for shard in dead/*.shard; do accepts shard verify "$shard"; done
accepts ledger publish other --key log.key
accepts index build other --shards dead --policy policy --roles roles --out o.index
check "an index of all" grep -q "of 18 live shards" out
finish
