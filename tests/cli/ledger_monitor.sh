# A log of another implementation, watched in its directory and over HTTP: whole, damaged, rolled back, forked.
. "$(dirname "$0")/lib.bash"

log=$WS_SOURCE_DIR/../shared/conformance/tlog/log
vkey=example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx
printf 'log %s\nquorum none\n' "$vkey" >policy
printf 'log %s\nquorum none\n' "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW" >other

refuses 2 "which log?" -- ledger monitor --policy policy
refuses 2 "whose log is it?" "--policy" -- ledger monitor somewhere
refuses 2 "--issuer" "--roles" -- ledger monitor somewhere --policy policy --issuer x
refuses 2 "--every needs --state" -- ledger monitor somewhere --policy policy --every 5
refuses 2 "--every is '0'" -- ledger monitor somewhere --policy policy --every 0
refuses 1 "'nowhere/checkpoint'" -- ledger monitor nowhere --policy policy
refuses 1 "http://127.0.0.1:1/checkpoint" -- ledger monitor http://127.0.0.1:1 --policy policy
refuses 1 "'nopolicy'" -- ledger monitor nowhere --policy nopolicy

if [ ! -d "$log" ]; then
    echo "skipped the rest: no log of another implementation here"
    finish
fi
cp -r "$log" log
chmod -R u+w log
cp log/checkpoint whole

refuses 3 "log" -- ledger monitor log --policy other
accepts ledger monitor log --policy policy
check "what it read" grep -q "^example.com/log/testdata: 15 entries; read from the beginning$" out
check "what to do next" grep -q -e "--state DIR" out

# As it grew.
cp log/checkpoint.7 log/checkpoint
accepts ledger monitor log --policy policy --state state --json
check "the first look" grep -q '"verdict":"FIRST","size":7,"old_size":0' out
cp whole log/checkpoint
accepts ledger monitor log --policy policy --state state --json
check "the second look" grep -q '"verdict":"GROWN","size":15,"old_size":7' out
accepts ledger monitor log --policy policy --state state
check "the third look" grep -q "did not grow" out

# Rolled back.
cp log/checkpoint.7 log/checkpoint
runs ledger monitor log --policy policy --state state
[ $? = 1 ] || fail "rolled back: another status"
says "shows 7 entries, fewer than the 15"
cp whole log/checkpoint

# A copy that is older, tiles and all, is no fork.
"$ws" ledger keys copied.key --make copied.example --for log >copied.vkey
printf 'log %s\nquorum none\n' "$(head -n 1 copied.vkey)" >copied.policy
"$ws" ledger keys issuer.key --make lab.example >issuer.vkey
printf 'kind: key-change\nold_key: %s\nnew_key: %s\nsince: 0\n' \
    "$(head -n 1 issuer.vkey)" "$(head -n 1 copied.vkey)" >change.yaml
accepts ledger init copied --key copied.key
accepts ledger add copied change.yaml --issuer issuer.key
accepts ledger publish copied --key copied.key
cp -r copied older
accepts ledger add copied change.yaml --issuer issuer.key
accepts ledger publish copied --key copied.key
accepts ledger monitor copied --policy copied.policy --state copied.state
refuses 3 "1 entries, fewer than the 2" "an old copy" -- ledger monitor older --policy copied.policy --state copied.state
accepts ledger monitor copied --policy copied.policy --state copied.state
check "no fork is remembered" grep -q "did not grow" out

# Damaged.
cp -r log damaged
printf X | dd of=damaged/tile/entries/000.p/15 bs=1 seek=3 conv=notrunc 2>/dev/null
refuses 3 "'tile/0/000.p/15' has not the hashes" -- ledger monitor damaged --policy policy

# Over HTTP, from our own server, which finds the same.
"$ws" serve --log log --port 0 >serve.out 2>serve.err &
server=$!
awaits $server grep -qs Ctrl-C serve.out
at=$(sed -n 's|.* at \(http://[^/]*\)/.*|\1|p' serve.out)
check "where it is" grep -q "^Log, to be read only, 'log' at http://127.0.0.1:" serve.out
accepts ledger monitor "$at" --policy policy --state over-http
check "over HTTP" grep -q "15 entries; read from the beginning" out
accepts ledger monitor "$at/" --policy policy --state over-http --once
check "again" grep -q "did not grow" out

# Again and again, until it is stopped.
"$ws" ledger monitor "$at" --policy policy --state over-http --every 1 >every.out 2>every.err &
every=$!
until [ "$(grep -c "did not grow" every.out)" -ge 2 ]; do
    kill -0 $every 2>/dev/null || break
    sleep 0.1
done
kill -TERM $every
wait $every || fail "stopped: status $?"
[ ! -s every.err ] || fail "said $(cat every.err)"
kill -TERM $server
wait $server || fail "SIGTERM: status $?"

# Forked: what it remembers has another root. Both are kept, and it is said again.
cp -r state forked
sed -i '3s/^./Z/' forked/checkpoint
runs ledger monitor log --policy policy --state forked
[ $? = 3 ] || fail "forked: another status"
says "FORKED" "forked/fork-seen"
check "both checkpoints" cmp -s forked/fork-shown whole
check "are printed" grep -q -e "--- seen before:" out
refuses_again() { runs ledger monitor log --policy policy --state forked; [ $? = 3 ]; }
check "again" refuses_again

finish
