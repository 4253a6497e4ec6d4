# `serve --log`: a log that takes a statement over HTTP, has it witnessed, and is watched; flags that make no
# sense. Files, attacks and deaths: tests/fault/test_log_site.c.
. "$(dirname "$0")/lib.bash"

refuses 1 "'nowhere'" -- serve --log nowhere
mkdir empty
refuses 1 "'empty' is no log" -- serve --log empty
refuses 2 "--key FILE" -- serve --log empty --issuers x
refuses 2 "--key FILE" -- serve --log empty --allow-anyone
refuses 2 "whose entries" "--issuers" -- serve --log empty --key x
refuses 2 "--publish-every is '0'" -- serve --log empty --key x --allow-anyone --publish-every 0
refuses 2 "--runs" "everybody's" -- serve --log empty --runs empty
refuses 1 "'nokey'" -- serve --log empty --key nokey --allow-anyone
accepts ledger keys --make log.example --for log key
log_key=$(head -n 1 out)
echo nonsense >issuers
refuses 2 "issuers:1:" -- serve --log empty --key key --issuers issuers
refuses 1 "'empty' is no log" -- serve --log empty --key key --allow-anyone

if ! command -v curl >/dev/null; then
    echo "skipped the rest: no curl here"
    finish
fi

# An envelope, out of a log that is only there to make it.
accepts ledger keys --make lab.example issuer
issuer_key=$(head -n 1 out)
echo "what people wrote" >text
accepts shard build text --out shard
cat >archive.json <<'END'
{"kind": "human-archive", "collection": "archive.example/2019", "started": "2019-01-01T00:00:00Z",
 "ended": "2019-02-01T00:00:00Z", "documents": 5, "method": "crawl", "shards": ["shard"]}
END
accepts ledger init drafts --key key
accepts ledger add drafts archive.json --issuer issuer
accepts ledger publish drafts --key key
tail -c +3 drafts/tile/entries/000.p/1 >envelope

# started PROCESS OUT: waits for a server's address, which `at` gets.
started() {
    awaits "$1" grep -qs "http://[^ ]*:[0-9]" "$2"
    at=$(grep -o "http://[0-9.]*:[0-9]*" "$2" | head -n 1)
    [ -n "$at" ] || fail "no server: $(cat "$2")"
}

accepts witness init w --name witness.example
witness_key=$(head -n 1 out)
accepts witness add-log w "$log_key"
"$ws" witness serve w --port 0 >witness.out 2>witness.err &
witness=$!
started $witness witness.out
printf 'log %s\nwitness w %s %s\nquorum w\n' "$log_key" "$witness_key" "$at" >policy
printf 'urn:wellspring:roles:v1\nkey lab %s\narchive lab archive.example\n' "$issuer_key" >roles
printf 'issuer %s minute=2\n' "$issuer_key" >issuers

accepts ledger init log --key key
cp -r log older
"$ws" serve --log log --key key --issuers issuers --policy policy --publish-every 1 --port 0 \
    >serve.out 2>serve.err &
server=$!
started $server serve.out
for index in 0 1; do
    [ "$(curl -s --data-binary @envelope "$at/add")" = $index ] || fail "entry $index is not taken"
done
[ "$(curl -s -o refused -w '%{http_code}' --data-binary @envelope "$at/add")" = 429 ] ||
    fail "more than its quota: $(cat refused)"
check "says why" grep -q "more than lab.example may add" refused
has_size_2() {
    curl -s "$at/metrics" >metrics
    grep -qx "wellspring_log_size 2" metrics
}
awaits $server has_size_2
check "cosigned" grep -qx "wellspring_log_cosignatures 1" metrics
check "refused" grep -qx 'wellspring_log_refused_total{reason="quota"} 1' metrics

accepts ledger monitor "$at" --policy policy --roles roles --issuer lab --state state
check "what it logged" \
    grep -qx "entry 1: lab: urn:wellspring:human-archive:v1: archive.example/2019: counts" out
check "since when" grep -q "^cosigned by 1 witnesses of 1 operators: it existed no later than 20" out
# As a mirror, it must have cosigned what it shows.
{ cat roles; printf 'mirror lab %s %s/\n' "$(cat w/vkey)" "$at"; } >mirror.roles
accepts ledger monitor "$at" --policy policy --roles mirror.roles
check "it has stored it" grep -q "^the mirror of 'lab' says that it had stored all of it by 20" out
accepts witness init stranger --name stranger.example
{ cat roles; printf 'mirror lab %s %s/\n' "$(cat stranger/vkey)" "$at"; } >mirror.roles
runs ledger monitor "$at" --policy policy --roles mirror.roles
[ $? = 3 ] || fail "a mirror that cosigned nothing"
says "the mirror 'stranger.example' has not cosigned"
refuses 2 "'roles' has no party 'other'" -- \
    ledger monitor "$at" --policy policy --roles roles --issuer other

# It is the only writer, and leaves the log to the next.
refuses 1 "another process" -- ledger add log envelope --wait 0
kill -TERM $server
wait $server || fail "SIGTERM: status $?"
[ ! -s serve.err ] || fail "said $(cat serve.err)"
accepts ledger fsck log

# A fork that nobody cosigned is refused, and both its sides are kept.
accepts ledger prove log --index 0 --policy policy --out p.tlog-proof
accepts ledger init forked --key key
sed 's/"documents": 5/"documents": 6/' archive.json >other.json
accepts ledger add forked other.json archive.json --issuer issuer
accepts ledger publish forked --key key
runs ledger verify p.tlog-proof --policy policy --roles roles --log forked --state state
[ $? = 3 ] || fail "a fork: another status"
says "the log signed two trees of one size" "both are kept in state/"
check "both" test "$(ls state/*/evidence | wc -l)" -eq 2
runs ledger monitor forked --policy policy --state state
[ $? = 3 ] || fail "the monitor: another status"
says "FORKED" "state/fork-seen"

# An older copy, as its witness knows, acknowledges nothing, and says why.
"$ws" serve --log older --key key --issuers issuers --policy policy --publish-every 1 --port 0 \
    >older.out 2>older.err &
server=$!
started $server older.out
awaits $server test -s older.err
check "why" grep -q "has cosigned 2 entries of 'log.example' and there are 0 here" older.err
is_refused() {
    [ "$(curl -s -o refused -w '%{http_code}' --data-binary @envelope "$at/add")" = 503 ]
}
awaits $server is_refused # what is said first is said a moment before it is so
check "refused" grep -q "the log can sign no checkpoints" refused
curl -s "$at/metrics" >metrics
check "counted" grep -q '^wellspring_log_refused_total{reason="corrupt"} [1-9]' metrics
kill -TERM $server
wait $server || fail "SIGTERM: status $?"
kill -TERM $witness
wait $witness || fail "SIGTERM of the witness: status $?"

# With the witness gone nobody says whether a copy is the newest: it takes nothing, and holds up nobody. The log
# itself, which was confirmed, takes entries.
accepts_entry() { # accepts_entry LOG STATUS
    "$ws" serve --log "$1" --key key --issuers issuers --policy policy --publish-every 60 --port 0 \
        >"$1.out" 2>"$1.err" &
    server=$!
    started $server "$1.out"
    local status
    status=$(curl -s -m 20 -o refused -w '%{http_code}' --data-binary @envelope "$at/add")
    [ "$status" = "$2" ] || fail "'$1' answered $status, wanted $2: $(cat refused)"
    curl -s "$at/metrics" >metrics
    kill -TERM $server
    wait $server || fail "SIGTERM: status $?"
}
cp -r log copied
accepts_entry copied 503
check "why" grep -q "takes no entries before its witnesses have confirmed" refused
check "counted" grep -qx 'wellspring_log_refused_total{reason="unconfirmed"} 1' metrics
accepts_entry log 200

finish
