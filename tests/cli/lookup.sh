# Lookups: two issuers, an archive, a mirror, two witnesses of two operators, and somebody who trains and
# asks whose documents are, all on one machine.
. "$(dirname "$0")/lib.bash"

served=()
trap 'kill "${served[@]}" 2>check.out; chmod -R u+rwx "$place"; rm -rf "$place"' EXIT

serve_witness() { # serve_witness NAME: its address in `url`
    : >"$1.out"
    "$ws" witness serve "$1" --port 0 >"$1.out" 2>"$1.err" &
    served+=($!)
    awaits $! grep -qE 'http://[^ ]*[^/ ]' "$1.out"
    url=$(grep -oE 'http://[^ ]*[^/ ]' "$1.out")
}
for name in log alpha bravo archive mirror; do
    accepts ledger keys $name.key --make $name.example
    head -n 1 out >$name.vkey
done
accepts ledger keys stored.key --make mirror.example --for witness
accepts ledger keys root.key --make mirror.example/root
accepts ledger init log --key log.key
printf 'log %s\n' "$(cat log.vkey)" >policy
for name in north south; do
    accepts witness init $name --name $name.example
    accepts witness add-log $name "$(cat log.vkey)"
    serve_witness $name
    printf 'witness %s %s %s\n' $name "$(cat $name/vkey)" "$url" >>policy
done
printf 'group both all north south\nquorum both\n' >>policy
cat >roles <<END
urn:wellspring:roles:v1
key alpha $(cat alpha.vkey)
key bravo $(cat bravo.vkey)
key archive $(cat archive.vkey)
key mirror $(cat mirror.vkey)
root mirror $("$ws" ledger keys root.key)
issuer alpha alpha.example
issuer bravo bravo.example
archive archive archive.example
mirror mirror $("$ws" ledger keys stored.key) http://127.0.0.1:1
operator first north
operator second south
max-opening 3600
END

# ---- What parties say ----

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
text() { # text WORD: some 3,000 characters that no other word has
    for i in $(seq 60); do printf '%s %s says what no other would, ' "$1$((i * 7919))" "$i$1"; done
}
most=3       # depth; 0: not declared
emission() { # emission PARTY NAME STARTED TEXTS...
    local party=$1 name=$2 started=$3
    shift 3
    accepts shard build "$@" --out shards/$name.shard
    printf '%s\n' 'kind: model-emission' "model: $party.example/$name" 'weights: model.bin' "shards: [shards/$name.shard]" \
        "started: $started" "ended: $(now)" 'documents: 1' 'depth_at_least: 1' "depth_at_most: $most" >$name.yaml
    accepts ledger add log $name.yaml --issuer $party.key
}
archive() { # archive NAME TEXTS...
    local name=$1
    shift
    accepts shard build "$@" --out shards/$name.shard
    printf '%s\n' 'kind: human-archive' "collection: archive.example/$name" "shards: [shards/$name.shard]" 'method: crawl' \
        'started: 2019-11-01T00:00:00Z' 'ended: 2019-11-02T00:00:00Z' 'documents: 1' >$name.yaml
    accepts ledger add log $name.yaml --issuer archive.key
}
publish() { accepts ledger publish log --key log.key --policy policy; }
echo weights >model.bin
mkdir shards
for word in model human laundered lost other; do text $word >$word.txt; done
{ cat human.txt; text own; } >repeated.txt
{ text mine; cat human.txt; text yours; } >quoting.txt

archive human human.txt                                    # entry 0
emission alpha model 2019-11-01T00:00:00Z model.txt laundered.txt # entry 1
publish
sleep 1.1
archive late laundered.txt                                 # entry 2
emission bravo repeater "$(now)" repeated.txt              # entry 3
emission bravo lost 2019-11-01T00:00:00Z lost.txt          # entry 4
publish
at=(--log log --policy policy --roles roles --shards shards)
lookup() { accepts lookup "$@" "${at[@]}"; }

# ---- Verdicts ----

lookup model.txt
check "a model's" grep -qxF "model, as claimed by 'alpha': alpha.example/model" out
check "its depth" grep -qxF '  depth         1 to 3' out
check "its date" grep -qE '^  since +20.* at the latest: entry 1, by 2 of 2 witnesses, of 2 operators$' out
check "not proven" grep -qxF 'Completeness not proven:' out
check "spans" grep -qE "^ +[0-9]+ +[0-9]+  model      1 to 3    20.*Z  alpha, entry 1$" out
check "containment both ways" grep -qE '^ +1 +0 +[01] .* 1\.000 +1\.000 ' out
check "100 columns" test "$(sed '/^Next:/,$d' out | wc -L)" -le 100
check "what is next" grep -q ' lookup model.txt --log log .* --bundle evidence.bundle --policy policy --roles roles$' <(joined out)
cat >registry.txt <<END
urn:wellspring:registry:v1
policy policy
roles roles
log log
shards shards
END
accepts lookup model.txt --policy registry.txt --json
check "a registry file is enough" grep -q '"label": "model"' out
(cd shards && accepts lookup ../model.txt --policy ../registry.txt --json >../out.inside && cat out >../out.inside)
check "from anywhere" grep -q '"label": "model"' out.inside
refuses 1 "nowhere" -- lookup model.txt --policy registry.txt --log nowhere
accepts lookup model.txt --policy <(cat policy) --roles roles --log log --shards shards
printf 'urn:wellspring:registry:v1\npolicy policy\n' >little.txt
refuses 2 "in which shards?" -- lookup model.txt --policy little.txt
sed 's/:v1/:v2/' registry.txt >newer.txt
refuses 2 "newer.txt:1: wanted 'urn:wellspring:registry:v1' and the line's end" -- lookup model.txt --policy newer.txt
refuses 2 "on whose word?" -- lookup verify model.txt --policy little.txt
lookup human.txt
check "a human's" grep -qxF "human, as claimed by 'archive': archive.example/human" out
lookup laundered.txt
check "a model's output that is archived later" grep -q '^contested: ' out
check "who says human" grep -qxF "  human         as claimed by 'archive': archive.example/late" out
check "who says model" grep -qxF "  model         as claimed by 'alpha': alpha.example/model" out
check "of which depth" grep -qxF '  depth         1 to 3' out
check "since when" test "$(grep -cE '^  since +20.* at the latest: entry [12], by 2 of 2 witnesses, of 2 operators$' out)" -eq 2
lookup repeated.txt
check "a model repeats a human" grep -q '^mixed: ' out
check "whose is what" test "$(grep -cE "^  (human +as claimed by 'archive'|model +as claimed by 'bravo')" out)" -eq 2
lookup quoting.txt
check "less than half" grep -qE '^(what claims have of it is too little|human)' out
lookup quoting.txt --json
check "the quotation alone is human" grep -q '"human": [0-9]' out
lookup other.txt
check "nobody's" grep -q '^absent from these ' out
check "what that is worth" grep -q '^absent from these shards; completeness not proven$' out

# One fingerprint, and a shared opening, never label.
{ head -c 150 model.txt; text else; } >opening.txt
lookup opening.txt
check "a shared opening" grep -qxF 'what shards have of it is too little to be labelled; completeness not proven' out

# A part of it that is too short for a label is not said to be absent.
head -c 180 model.txt >short.txt
lookup short.txt
check "too short" grep -qxF 'shards have half of it or more, too little or too common for a label of the whole; completeness not proven' out
head -c 180 other.txt >short-other.txt
lookup short-other.txt
check "short, and nobody's" grep -q '^absent from these ' out

{ cat human.txt; printf '%9000s' ''; } >padded.txt
lookup padded.txt
check "less than half" grep -qxF 'shards have half of it or more, too little or too common for a label of the whole; completeness not proven' out
check "and the span" grep -qE ' human .* archive, entry 0$' out
# Texts of all kinds.
head -c 5000 /dev/zero >nul.txt
: >empty.txt
head -c 20000 /dev/urandom >bad.txt
for name in nul empty bad; do
    lookup $name.txt
    check "$name" grep -q '^absent from these ' out
done
check "too short" grep -q 'too short to be found' <("$ws" lookup empty.txt "${at[@]}")
{ seq -s ' of ' 1 900000 | head -c 10000000; cat model.txt; } >large.txt
accepts lookup - "${at[@]}" --json <large.txt
check "10 MB have what the model made" grep -qE '"model": 2[0-9]{3}' out

# ---- An index ----

accepts index build log --shards shards --policy policy --roles roles --out day.index
refuses 2 "no statement of a mirror" -- lookup other.txt "${at[@]}" --index day.index
accepts ledger add log day.index.yaml --issuer mirror.key
publish
lookup other.txt --index day.index --bundle absent.bundle
check "unknown" grep -q '^unknown: ' out
check "proven" grep -qxF "Nothing is left out of what the first 5 of 6 entries name: so says the index that" out
accepts ledger keys second-stored.key --make mirror.example.net --for witness
lookup short.txt --index day.index
check "no proof of absence of what is too short" grep -qxF 'shards have half of it or more, too little or too common for a label of the whole' out
lookup short.txt --index day.index --json
check "nor as JSON" grep -qF '"unproven": "shards have half of it or more, too little or too common for a label of the whole"' out
head -c 205 model.txt >longer.txt
lookup longer.txt --index day.index
check "nor of a copy of which fingerprints cover too little" grep -q '^shards have half of it or more' out
lookup opening.txt --index day.index
check "a shared opening is unknown" grep -qxF 'unknown: what shards have of it is too little to be labelled' out
lookup short-other.txt --index day.index
check "what is short and nobody's is proven to be" grep -qxF 'unknown: no claim that counts has it' out
{ cat roles; echo "mirror second $("$ws" ledger keys second-stored.key) http://127.0.0.1:2"; echo 'index-quorum 2'; } >two.roles
one_mirror_signed() { # and two are wanted
    check "not proven" grep -qxF "absent from these shards; completeness not proven" out
    check "one signed" grep -qxF "  Signed by 1 of 2 mirrors of the roles, which want 2: 'mirror' in entry 5." out
}
accepts lookup other.txt --log log --policy policy --roles two.roles --shards shards --index day.index
one_mirror_signed
lookup model.txt --index day.index --bundle model.bundle
check "the same" grep -q "^model, as claimed by 'alpha'" out
lookup human.txt --bundle human.bundle
mkdir fewer
cp shards/[!l]* fewer
accepts lookup other.txt --log log --policy policy --roles roles --shards fewer --index day.index
check "not at hand" grep -qF "entry 4 ('bravo'), shard 0 'shards/lost.shard': unavailable" <("$ws" lookup other.txt --log log --policy policy --roles roles --shards fewer)
check "the index answers for it" grep -q '^Nothing is left out' out
accepts lookup lost.txt --log log --policy policy --roles roles --shards fewer --index day.index
check "withheld, and the index shows it" grep -qF 'the index has fingerprints of shards that were not searched' out
check "no label by an index alone" grep -q '^absent from these ' out
cp -r shards doctored
printf x | dd of=doctored/model.shard.tiles bs=1 seek=30 conv=notrunc 2>check.out
accepts lookup model.txt --log log --policy policy --roles roles --shards doctored
check "a doctored shard says nothing" grep -q '^absent from these ' out
check "and is named" grep -qE "entry 1 .*: (damaged|unavailable)" out
# Beside a sound copy it does no harm, whichever is found first.
for name in a z; do
    for rest in '' .tiles .documents; do cp shards/model.shard$rest doctored/$name.shard$rest; done
done
accepts lookup model.txt --log log --policy policy --roles roles --shards doctored
check "a sound copy" grep -q "^model, as claimed by 'alpha'" out
rm doctored/z.*
mv doctored/a.shard doctored/z.shard
mv doctored/a.shard.tiles doctored/z.shard.tiles
mv doctored/a.shard.documents doctored/z.shard.documents
accepts lookup model.txt --log log --policy policy --roles roles --shards doctored
check "behind the other" grep -q "^model, as claimed by 'alpha'" out
head -c 100 shards/model.shard.tiles >doctored/model.shard.tiles
runs index build log --shards doctored "${at[@]:2:4}" --out sound.index || fail "the index: $(cat err)"
check "the damaged one is named" grep -q "'doctored/model.shard.tiles' has 100 bytes" err
check "in an index, too" grep -qE '^live 1 ' sound.index.list
# What the verdict does not rest on is damaged: what a whole shard would tell is not told.
size=$(stat -c %s doctored/z.shard.tiles)
printf '\1\2\3' | dd of=doctored/z.shard.tiles bs=1 seek=$((size - 3)) conv=notrunc 2>check.out
accepts lookup model.txt --log log --policy policy --roles roles --shards doctored
check "the verdict holds" grep -q "^model, as claimed by 'alpha'" out
check "no containment in a document" grep -qE '^ +1 +0 +[01] .* 1\.000 +- ' out

# ---- Bundles ----

by=(--policy policy --roles roles)
mv log log.away
mv shards shards.away
accepts lookup verify model.bundle "${by[@]}" --text model.txt
check "the same verdict" grep -qxF "model, as claimed by 'alpha': alpha.example/model" out
check "as of" grep -qE "^  log           6 entries of 'log.example', as of 20.*Z$" out
accepts lookup verify human.bundle --policy registry.txt
check "a human's, too" grep -q "^human, as claimed by 'archive'" out
check "no text" grep -q 'was not looked for: --text FILE' out
accepts lookup verify absent.bundle "${by[@]}" --json
check "proven absence" grep -q '"complete": true' out
if grep -qa 'says what no other' ./*.bundle; then fail "a bundle has the text"; fi
refuses 3 "another text" -- lookup verify model.bundle "${by[@]}" --text human.txt
sed 's/^max-opening .*/max-opening 7200/' roles >other.roles
accepts lookup verify model.bundle --policy policy --roles other.roles
check "other roles" grep -q '^The bundle was made under another policy or other roles' out
grep -v '^issuer alpha' roles >without.roles
accepts lookup verify model.bundle --policy policy --roles without.roles
check "by the reader's roles" grep -q '^absent from these ' out
accepts lookup verify absent.bundle --policy policy --roles two.roles
one_mirror_signed
sed "s|$(cat log.vkey)|$(cat alpha.vkey)|" policy >stranger
refuses 3 "is refused" -- lookup verify model.bundle --policy stranger --roles roles
size=$(stat -c %s human.bundle)
for at in 0 7 8 40 80 130 200 $((size / 4)) $((size / 2)) $((size - 40)) $((size - 1)); do
    cp human.bundle torn.bundle
    byte=$(od -An -tu1 -j "$at" -N 1 torn.bundle)
    printf "\\x$(printf %x $((byte ^ 1)))" | dd of=torn.bundle bs=1 seek="$at" conv=notrunc 2>check.out
    runs lookup verify torn.bundle "${by[@]}"
    status=$?
    [ $status -eq 3 ] || { [ $status -eq 1 ] && [ "$at" -eq 7 ]; } || fail "byte $at: ended with $status"
done
head -c 1000 human.bundle >torn.bundle
refuses 3 "damaged" -- lookup verify torn.bundle "${by[@]}"
mv log.away log
mv shards.away shards
at=(--log log --policy policy --roles roles --shards shards)

# ---- Openings and disputes ----

printf 'a short text' >short.txt
most=0
emission alpha short 2019-11-01T00:00:00Z short.txt
publish
digest=$("$ws" fingerprint short.txt | sed -n 's/^  SHA-256 *//p')
lookup --hash "$digest"
check "a digest alone" grep -q '^absent from these ' out
check "why" grep -q 'which nobody' out
check "and no more than that" grep -qxF 'absent from these openings; completeness not proven' out
mkdir openings
accepts shard prove shards/short.shard --document "$digest" --out openings/short
lookup --hash "$digest" --openings openings --bundle short.bundle
check "opened" grep -qxF "model, as claimed by 'alpha': alpha.example/short" out
mkdir openings/folder
mkfifo openings/pipe
ln -s nothing openings/link
lookup --hash "$digest" --openings openings
check "what is no file is none" grep -q '^model' out
accepts lookup verify short.bundle "${by[@]}" --text short.txt
check "opened in a bundle" grep -q '^model' out
lookup short.txt --openings openings
check "a short text" grep -q '^model' out
check "unknown depth" grep -qF '  depth         unknown: 1 or more' out
check "100 columns" test "$(sed '/^Next:/,$d' out | wc -L)" -le 100
lookup model.txt --disputed "1@2026-01-01T00:00:00Z"
check "disputed" grep -q '^absent from these ' out
check "and told" grep -q '^Entry 1 is disputed' out
refuses 2 "entry 99 is disputed, and the log has 7 entries" -- lookup model.txt "${at[@]}" --disputed "99@2026-01-01T00:00:00Z"
lookup model.txt --disputed "1@$(now)"
check "there is time yet" grep -q '^model' out
digest=$("$ws" fingerprint model.txt | sed -n 's/^  SHA-256 *//p')
accepts shard prove shards/model.shard --document "$digest" --out openings/model
lookup model.txt --disputed "1@2026-01-01T00:00:00Z" --openings openings
check "and opened" grep -q '^model' out
check "what counts" grep -qxF 'Entry 1 is disputed, and counts for the documents alone that were shown: 1.' out

# A bundle takes the place of a bundle, and of nothing else.
cp model.txt kept.txt
refuses 2 "is there, and is no bundle" -- lookup kept.txt "${at[@]}" --bundle kept.txt
check "as it was" cmp model.txt kept.txt
refuses 2 "both would go to standard output" -- lookup model.txt "${at[@]}" --json --bundle -
lookup model.txt --bundle short.bundle
refuses 2 "a file of another kind, wanted a policy" -- lookup model.txt --log log --shards shards --roles roles --policy roles

# Of what is quoted of it, the issuer shows the text.
head -c 1500 model.txt >quotation.txt
lookup quotation.txt --disputed "1@2026-01-01T00:00:00Z" --openings openings
check "a digest is not enough" grep -q '^absent from these ' out
accepts shard prove shards/model.shard --text model.txt --out openings/model.text
lookup quotation.txt --disputed "1@2026-01-01T00:00:00Z" --openings openings --bundle quotation.bundle
check "its text is" grep -q '^model' out
accepts lookup verify quotation.bundle "${by[@]}" --text quotation.txt --disputed "1@2026-01-01T00:00:00Z"
check "from a bundle, too" grep -q '^model' out

# ---- A log that somebody serves ----

"$ws" serve --log log --port 0 >serve.out 2>serve.err &
served+=($!)
awaits $! grep -qE 'http://[^ ]*[^/ ]' serve.out
url=$(grep -oE 'http://[^ ]*[^/ ]' serve.out | head -n 1)
lookup model.txt
grep '^  since' out >since
accepts lookup model.txt --log "$url" --policy policy --roles roles --shards shards --bundle served.bundle
check "what is next, with what it was asked with" grep -q ' lookup verify served.bundle --text model.txt --policy policy --roles roles$' <(joined out)
check "over HTTP" grep -q "^model, as claimed by 'alpha'" out
check "of the same date" grep -qxF "$(cat since)" out
accepts lookup verify served.bundle "${by[@]}" --text model.txt

# ---- A keyed shard ----

(umask 077 && printf 'aa%062d\n' 1 >shard.key && printf 'aa%062d\n' 2 >other.key)
text private >private.txt
accepts shard build private.txt --out shards/private.shard --key shard.key
sed 's/laundered.txt//; s/\(example\|shards\)\/model/\1\/private/' model.yaml >private.yaml
accepts ledger add log private.yaml --issuer alpha.key
publish
runs index build log --shards shards "${by[@]}" --out keyed.index || fail "an index: $(cat err)"
check "it is named" grep -q "keyed: it is sound, and keyed with [0-9a-f]\{40\}$" err
check "and listed" grep -q '^keyed 7 0 ' keyed.index.list
accepts ledger add log keyed.index.yaml --issuer mirror.key
publish
lookup private.txt --index keyed.index --keys shard.key --bundle private.bundle
check "a model's" grep -qxF "model, as claimed by 'alpha': alpha.example/private" out
check "nothing is left out" grep -q '^Nothing is left out' out
check "what is next" grep -q ' --keys shard.key' <(joined out)
for keys in "" "--keys other.key"; do
    # shellcheck disable=SC2086
    lookup private.txt --index keyed.index $keys
    check "without the key" grep -q '^absent from these ' out
    check "it is named" grep -qF "entry 7 ('alpha'), shard 0 'shards/private.shard': unavailable" out
    check "and why" grep -q '^    keyed, and its key is not here: [0-9a-f]\{40\}$' out
    check "and not complete" grep -q 'completeness not proven' out
done
lookup model.txt --index keyed.index
check "others are not concerned" grep -q "^model, as claimed by 'alpha'" out
accepts lookup verify private.bundle "${by[@]}" --keys shard.key --text private.txt
check "the same" grep -qxF "model, as claimed by 'alpha': alpha.example/private" out
refuses 2 "there are tiles of a keyed shard, and its key" -- lookup verify private.bundle "${by[@]}"
{ cat registry.txt; echo 'keys shard.key'; } >keyed.txt
accepts lookup private.txt --policy keyed.txt
check "a registry file has the key" grep -q '^model' out
accepts lookup verify private.bundle --policy keyed.txt

# ---- An older index ----

lookup other.txt --index day.index --bundle older.bundle
check "a newer one is named" grep -qxF "  A newer index is there, of the first 8 entries: 'mirror' signed it in entry 8." out
accepts lookup verify older.bundle "${by[@]}" --json
check "from a bundle, too" grep -qzE '"newer_index": \{\s*"claimed_by": "mirror",\s*"entry": 8,\s*"entries": 8\s*\}' out
lookup other.txt --index keyed.index --keys shard.key --json
check "none is newer than the newest" grep -qF '"newer_index": null' out

# ---- Withdrawal, and rolling back ----

lookup human.txt --state state
cp -r log before
printf 'kind: withdrawal\nentry: 0\nreason: erased\n' >withdrawal.yaml
accepts ledger add log withdrawal.yaml --issuer archive.key
publish
lookup human.txt --state state
check "withdrawn" grep -qF "entry 0 ('archive'), shard 0 'shards/human.shard': withdrawn at entry 9" out
lookup --hash "$("$ws" fingerprint human.txt | sed -n 's/^  SHA-256 *//p')"
check "withdrawn, of a digest too" grep -qF "entry 0 ('archive'), shard 0 'shards/human.shard': withdrawn at entry 9" out
# A bundle of before verifies, and with the log says what became of it.
accepts lookup verify human.bundle "${by[@]}"
check "as it was" grep -q "^human, as claimed by 'archive'" out
check "that it does not say" grep -q '^What was withdrawn later (--log LOG), or left out' out
accepts lookup verify human.bundle "${by[@]}" --log log
check "as it was, too" grep -q "^human, as claimed by 'archive'" out
check "withdrawn since" grep -qxF "  entry 0 ('archive') was withdrawn at entry 9." out
accepts lookup verify human.bundle "${by[@]}" --log log --json
check "in JSON, too" grep -q '"withdrawn_in": 9' out
accepts lookup verify private.bundle "${by[@]}" --keys shard.key --log log
check "the archive was searched, too" grep -qF "entry 0 ('archive') was withdrawn at entry 9." out
lookup human.txt --bundle later.bundle
refuses 3 "does not go on from what the bundle is of" "of 10 entries" -- lookup verify later.bundle "${by[@]}" --log before
accepts lookup verify later.bundle "${by[@]}" --log log
check "nothing since" grep -q ' 10 entries that the log shows now: nothing was taken back since.$' out
refuses 3 "older than what was seen here before" -- lookup human.txt --log before --policy policy --roles roles --shards shards --state state
{ cat roles; echo 'max-age 1'; } >impatient
sleep 2
refuses 3 "older than the policy lets a checkpoint be" -- lookup human.txt --log log --policy policy --roles impatient --shards shards
accepts lookup verify human.bundle "${by[@]}"
check "an old bundle says as of when" grep -qE "^  log  .* 6 entries .* as of 20" out

# ---- Two indices of the same entries ----

runs index build log --shards shards "${by[@]}" --out one.index || fail "an index: $(cat err)"
runs index build log --shards shards --policy policy --roles two.roles --out two.index || fail "another: $(cat err)"
for index in one two; do accepts ledger add log $index.index.yaml --issuer mirror.key; done
publish
lookup other.txt --index one.index --keys shard.key --bundle two.bundle
check "it still counts" grep -q '^Nothing is left out' out
accepts lookup verify two.bundle "${by[@]}" --keys shard.key
check "who signed another" grep -qE "^  'mirror' signed another index of the same [0-9]+ entries, in entry [0-9]+\.$" out
check "and what that says" grep -q '^  Of two that differ one lies, reads by other roles' out

# ---- What a bundle rests on, and is taken back ----

text fresh >fresh.txt
archive fresh fresh.txt
sed -e 's/model: .*/model: bravo.example\/copy/' -e 's/shards: .*/shards: [shards\/fresh.shard]/' lost.yaml >copy.yaml
accepts ledger add log copy.yaml --issuer bravo.key
publish
entry=$(($(sed -n 2p log/checkpoint) - 2))
lookup fresh.txt --bundle fresh.bundle
printf 'kind: withdrawal\nentry: %s\nreason: erased\n' $entry >withdrawal.yaml
accepts ledger add log withdrawal.yaml --issuer archive.key
publish
accepts lookup verify fresh.bundle "${by[@]}" --log log
check "a shard's owner" grep -qxF "  entry $entry ('archive') was withdrawn at entry $((entry + 2))." out
check "who copied it" grep -qxF "  entry $((entry + 1)) ('bravo') stands; its shard 0 was withdrawn by its owner at entry $((entry + 2))." out
lookup fresh.txt
check "is withdrawn for both" test "$(grep -c "'shards/fresh.shard': withdrawn at entry $((entry + 2))$" out)" -eq 2
# That nobody has it rests on a mirror's word.
{ cat roles; echo "# of somebody else"; } >others
accepts lookup verify absent.bundle --policy policy --roles others
check "an index by other roles proves nothing" grep -qF 'the index was made by other roles than yours, or by none' out
printf 'kind: key-change\nold_key: %s\ncompromise: true\nsince: 0\n' "$(cat mirror.vkey)" >stolen.yaml
accepts ledger add log stolen.yaml --issuer root.key
publish
accepts lookup verify absent.bundle --policy policy --roles roles
check "nobody has it" grep -q '^unknown: no claim that counts has it' out
accepts lookup verify absent.bundle --policy policy --roles roles --log log
check "whose key was stolen" grep -qxF "  entry 5 ('mirror') was revoked: its key was stolen." out

refuses 2 "which document" -- lookup "${at[@]}"
refuses 2 "--shards DIR" -- lookup model.txt --log log
refuses 2 "ENTRY@DATE" -- lookup model.txt "${at[@]}" --disputed 1
refuses 2 "64 lower-case hex" -- lookup --hash xyz "${at[@]}"
refuses 2 "--policy FILE --roles FILE" -- lookup verify human.bundle
refuses 1 "nowhere" -- lookup nowhere "${at[@]}"
finish
