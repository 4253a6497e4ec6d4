# A disk that fills while a log is added to or published: exit status 1, one line that names the file
# and the reason, nothing that was acknowledged lost, and with room it goes on.
. "$(dirname "$0")/../cli/lib.bash"

log_of_one 100

if ! files_can_be_limited; then
    echo "skipped: file-size limits (ulimit -f is not permitted)"
    exit 77
fi
refused=0
entries=1
for kilobytes in 1 8 20 30 40 45; do
    cp -r log before
    limited $kilobytes ledger add log lines.jsonl
    status=$?
    if [ $status -eq 0 ]; then
        entries=$((entries + 100))
    else
        [ $status -eq 1 ] || fail "add with $kilobytes kB ended with $status"
        says "journal" "File too large"
        check "nothing of the batch is there" cmp log/journal before/journal
        refused=$((refused + 1))
    fi
    rm -rf before
    accepts ledger add log envelope.json
    entries=$((entries + 1))
    limited $((kilobytes > 8 ? 1 : 0)) ledger publish log --key log.key
    status=$?
    if [ $status -ne 0 ]; then
        [ $status -eq 1 ] || fail "publish with $kilobytes kB ended with $status"
        says "File too large"
        refused=$((refused + 1))
    fi
    # What stands there now is a log, and with room it goes on.
    runs ledger fsck log
    [ $? -eq 0 ] || { fail "damaged by $kilobytes kB"; cat out; }
    accepts ledger publish log --key log.key --json
    check "all that was acknowledged is there" grep -q "\"size\": $entries," out
    accepts ledger fsck log
done
echo "$refused commands met the file-size limit"
[ $refused -ge 6 ] || fail "too few met the limit"

# Key files that cannot be written whole are not there at all.
limited 0 ledger keys none.key --make x
[ $? -eq 1 ] || fail "a key for which there is no room was made"
[ -z "$(ls none.key* 2>check.out)" ] || fail "half a key was left"

finish
