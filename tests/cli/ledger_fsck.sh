# Whatever byte of a log is changed, lost or cut off, 'ledger fsck' names its file.
. "$(dirname "$0")/lib.bash"

log_of_one 599
accepts ledger add log lines.jsonl
accepts ledger publish log --key log.key
accepts ledger add log envelope.json
accepts ledger fsck log
check "sound" grep -q "^Sound: 'log.example' in 'log': 600 entries, 1 waiting, 3 checkpoints" out
[ -s log/tile/1/000.p/2 ] || fail "the log is not as large as it should be"

# damaged FILE: fsck ends with 3 and names it; then the file is as it was.
damaged() {
    runs ledger fsck log
    local status=$?
    [ $status -eq 3 ] || fail "$1: fsck ended with $status"
    grep -q "^$1: \|the bundle" out || { fail "$1 is not named"; cat out err; }
    runs ledger fsck log --json
    grep -q '"sound": false' out || fail "$1: JSON calls it sound"
    rm -rf log
    cp -r sound log
}
cp -r log sound
files=$(cd log && find . -type f ! -name lock ! -name journal | sed 's|^\./||' | sort)
[ "$(wc -l <<<"$files")" -ge 14 ] || fail "too few files: $files"
for file in $files; do
    size=$(stat -c %s "log/$file")
    # A byte in the middle becomes another one.
    at=$((size / 2))
    byte=$(od -An -tu1 -j $at -N 1 "log/$file" | tr -d ' ')
    printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="log/$file" bs=1 seek=$at conv=notrunc 2>check.out
    damaged "$file"
    truncate -s $((size - 1)) "log/$file"
    damaged "$file"
    truncate -s 0 "log/$file"
    damaged "$file"
    rm "log/$file"
    case $file in
    checkpoints/000) # that the first checkpoint was kept once, nothing else says
        cp sound/checkpoints/000 log/checkpoints ;;
    checkpoints/001) damaged checkpoints/000.next ;;
    *.next) damaged "$file" ;;
    *) damaged "$(sed 's|^checkpoints/.*|checkpoints|' <<<"$file")" ;;
    esac
done
echo "$(wc -l <<<"$files") files, 4 damages each"

# A journal that was cut short is none: its last entry was never acknowledged. One that is gone is.
truncate -s -1 log/journal
accepts ledger fsck log
check "a torn journal is told" grep -q 'cut short' out
truncate -s 7 log/journal
damaged journal
rm log/journal
damaged journal

# What a writer left of the checkpoint of the entry that waits, before it was stopped, is none. Behind that entry
# nothing can have been signed.
: >log/checkpoints/601
accepts ledger fsck log
: >log/checkpoints/602
damaged checkpoints/602

# An entry with others behind it was acknowledged: nobody cuts it off, nor signs without it.
accepts ledger add log envelope.json
printf x | dd of=log/journal bs=1 seek=100 conv=notrunc 2>check.out
cp log/journal journal.damaged
refuses 1 "damaged at byte 16" "acknowledged" -- ledger add log envelope.json
refuses 1 "damaged at byte 16" -- ledger publish log --key log.key
cmp log/journal journal.damaged || fail "a damaged journal was changed"
damaged journal

# An older copy of the checkpoint.
cp log/checkpoints/001 log/checkpoint
runs ledger fsck log
[ $? -eq 3 ] && grep -q '^checkpoints/600: it covers 600 entries, and the last checkpoint 1' out ||
    fail "an older checkpoint is not noticed"
rm -rf log
cp -r sound log

# Many at once are named one by one; a damaged entry makes no proof.
printf x | dd of=log/tile/entries/000 bs=1 seek=100 conv=notrunc 2>check.out
printf x | dd of=log/tile/entries/001 bs=1 seek=100 conv=notrunc 2>check.out
runs ledger fsck log --json
grep -q '"damage_count": 2' out || { fail "not two damages"; cat out; }
refuses 1 "'log' is damaged" "fsck" -- ledger prove log --index 0

refuses 1 "no log in '.'" -- ledger fsck .
refuses 2 "which log?" -- ledger fsck
finish
