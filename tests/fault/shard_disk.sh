# A disk that fills while a shard is made: there is none then, nor a part of it, and with room there is.
. "$(dirname "$0")/../cli/lib.bash"

if ! files_can_be_limited; then
    echo "skipped: file-size limits (ulimit -f is not permitted)"
    exit 77
fi
seq 2000 >numbers.txt
limited 1 shard build numbers.txt --out full.shard
[ $? -eq 1 ] || fail "a full disk is no failure"
says "full.shard.tiles" "File too large"
check "nothing is left" test -z "$(find . -name "full.shard*")"
accepts shard build numbers.txt --out full.shard
accepts shard verify full.shard
finish
