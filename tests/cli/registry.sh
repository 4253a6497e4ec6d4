# The guide docs/guides/registry.md: its files are written and its commands run, in order. What it starts in other
# terminals, a witness and the site, is served here at free ports.
. "$(dirname "$0")/lib.bash"

guide=$WS_SOURCE_DIR/docs/guides/registry.md
trap 'kill $served 2>check.out; chmod -R u+rwx "$place"; rm -rf "$place"' EXIT
served=

awk '
    /^```yaml$/ { kind = "yaml"; file = ""; next }
    /^```sh$/   { kind = "sh"; next }
    /^```$/     { if (kind == "yaml") print "END"; kind = ""; next }
    kind == "yaml" && file == "" { file = $2; print "cat >" file " <<\"END\""; next }
    kind != ""  { print }
' "$guide" >guide.sh
[ "$(grep -c 'wellspring ' guide.sh)" -eq 66 ] ||
    fail "the guide has other commands: $(grep -c 'wellspring ' guide.sh)"
# Two are refused, and say why.
sed -i 's/^! wellspring ledger /refused_/' guide.sh
refused_publish() {
    refuses 1 "witness 'north' has cosigned 2 entries" "there are 1 here" -- ledger publish "$@"
}
refused_add() {
    refuses 1 "takes no entries before its witnesses have confirmed" -- ledger add "$@"
}
wellspring() {
    "$ws" "$@" >out 2>err || { fail "'$*' ended with $?"; sed 's/^/    /' err; }
    cat out
    [ "$1 $2" != "ledger verify" ] || cat out >>verified
    # The witness serves from when it knows the log.
    [ "$1 $2" != "witness add-log" ] || serve_witness
    # The site has what the archive said.
    [ "$1 $2" != "vault statement" ] || serve_log
}
serve_witness() {
    "$ws" witness serve watcher --port 0 >witness.out 2>witness.err &
    served=$!
    awaits $served grep -qE 'http://[^ ]*[^/ ]' witness.out
    witness_url=$(grep -oE 'http://[^ ]*[^/ ]' witness.out)
}
serve_log() {
    "$ws" serve --log registry --shards . --roles roles.txt --policy policy.txt --port 0 >site.out 2>site.err &
    served="$served $!"
    awaits $! grep -qsE 'http://[^ ]*[^/ ]' site.out
    site_url=$(grep -oE 'http://[^ ]*[^/ ]' site.out)
}
. ./guide.sh >told

for line in "entry 0 of 'log.example.com/2026' is proven." 'It existed no later than 20' \
    "It claims: model 'lab.example.com/storyteller' made 1000 documents" \
    "'lab' signed it, and by the roles may speak of that." \
    "In the log, of 1 entries now, it counts, and nothing takes it back." \
    "Its checkpoint: the log did not grow."; do
    grep -qF "$line" verified || fail "verify does not say '$line'"
done
grep -q "^Sound, and the same when built anew: 'day.index'" told || { fail "no sound index"; cat told; }
[ "$(grep -cxF "model, as claimed by 'lab': lab.example.com/storyteller" told)" -eq 5 ] || { fail "no verdict"; cat told; }
grep -q "Signed by 2 of 2 mirrors of the roles, which want 2: 'mirror' in entry 5, 'second' in entry 6" told ||
    { fail "not two mirrors"; cat told; }
grep -q ' entries that the log shows now: nothing was taken back since.$' told || { fail "not what was taken back"; cat told; }
# A log that shows nothing new is refused where the roles say so, also by who remembers nothing of it.
{ cat roles.txt; echo 'max-age 1'; } >impatient.txt
sleep 2
refuses 3 "older than the policy lets a checkpoint be" -- \
    ledger verify batch.tlog-proof --policy policy.txt --roles impatient.txt --log registry
runs ledger monitor registry --policy policy.txt --roles impatient.txt
[ $? -eq 3 ] || fail "monitor takes a stale checkpoint"
says "older than the policy lets a checkpoint be"

grep -q "^2 shards fetched and verified, 0 were there, 0 are missing" told || { fail "no mirror"; cat told; }
grep -q "^'mirror.index': .* of 2 live shards" told || { fail "no index of the mirror's"; cat told; }
"$ws" ledger keys *.key >vkeys || fail "no public keys"
[ "$(wc -l <vkeys)" -eq 11 ] || fail "not eleven keys"
[ "$(find . -maxdepth 1 -name '*.key' -perm 600 | wc -l)" -eq 11 ] || fail "keys that others may read"
for key in *.key; do
    grep -rqF "$(cut -d + -f 5- "$key")" told registry && fail "the private key of $key was told"
done

finish
