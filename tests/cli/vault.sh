# A vault: files and folders put in, given back, listed, verified, taken out; what is refused.
. "$(dirname "$0")/lib.bash"

abc=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad # of "abc"

refuses 2 "which command?" -- vault
refuses 2 "which DIR?" -- vault init
accepts vault init v
check "next steps" grep -q "vault add v" out
refuses 2 "not empty" -- vault init v
for hostile in $'a\033[31m\'b\\n' $'k\xc2\x9b31m' $'k\xe2\x80\xaem'; do
    accepts vault init "$hostile"
    check "a terminal obeys no name" test -z "$(LC_ALL=C tr -d '[:print:]\n' <out)"
    next=$(joined out | sed -n 's/.*vault add \(.*\) FILE.*/\1/p')
    check "it can be pasted" test "$(bash -c "printf %s $next")" = "$hostile"
    rm -r "$hostile"
done
accepts vault init 'häufig'
check "a plain name is told as it is" grep -q "vault add 'häufig' FILE" <(joined out)
mkdir around
echo a >around/a
cp -r v around/v
refuses 2 "'around' holds the vault itself" -- vault add around/v around
refuses 2 "'around/v/../v' holds the vault itself" -- vault add around/v around/a around/v/../v
refuses 2 "'around/v/objects' is the vault's own" -- vault add around/v around/v/objects
accepts vault list around/v --json
check "nothing was put in" test "$(grep -c '"item"' out)" -eq 0
rm -r around 'häufig'
accepts vault init w0
refuses 1 "no vault in 'nowhere'" -- vault add nowhere err
refuses 2 "which FILE" -- vault add v
refuses 1 "missing.txt" -- vault add v missing.txt

# ---- In ----

mkdir -p pages/deep
printf abc >pages/a.txt
printf abc >pages/deep/b.txt
printf 'another\n' >pages/deep/c.txt
ln -s .. pages/deep/again # a loop
accepts vault add v pages --captured 2026-11-01T00:00:00Z
check "two items" grep -q "^2 new (11 bytes), 1 known from elsewhere, 0 there already" out
check "a digest and a path" grep -qx "$abc pages/a.txt" out
accepts vault add v pages --captured 2026-11-01T00:00:00Z
check "nothing new" grep -q "^0 new (0 bytes), 0 known from elsewhere, 3 there already" out
check "one object each" test "$(find v/objects -type f | wc -l)" = 2
refuses 2 "'2026-11-01'" "pages/a.txt" -- vault add v pages/a.txt --captured 2026-11-01
refuses 2 "pages/a.txt" "'2999-01-01T00:00:00Z', and now is" -- vault add v pages/a.txt --captured 2999-01-01T00:00:00Z
hostile=$'pages/a\033[31m\nb'
printf abc >"$hostile"
accepts vault add w0 "$hostile" --origin elsewhere
check "a terminal obeys no name in a folder, either" grep -qxF "$abc \$'pages/a\\033[31m\\012b'" out
rm "$hostile"
mkfifo pipe
refuses 1 "'pipe' is not a regular file" -- vault add v pipe
refuses 1 "'/dev/zero' is not a regular file" -- vault add v /dev/zero

printf '%s\n' '{"file": "pages/a.txt", "captured": "2026-10-01T00:00:00Z", "origin": "https://example.com/"}' \
    '{"file": "pages/deep/c.txt"}' >list.jsonl
accepts vault add v --manifest list.jsonl --origin elsewhere --json
check "what became of them" grep -q '"outcome": *"known"' out
accepts vault list v
check "an origin of a manifest" grep -qF "captured 2026-10-01T00:00:00Z, from https://example.com/" out
check "an origin of the command" grep -q "from elsewhere" out
printf '{"file": "pages/a.txt"}\n{"path": 3}\n' >wrong.jsonl
runs vault add v --manifest wrong.jsonl
check "the status of a wrong manifest" test $? = 2
says "'wrong.jsonl', line 2" "'file'"
accepts vault list v --json
check "records" test "$(grep -o '"item"' out | wc -l)" = 6

# ---- Out ----

accepts vault get v $abc
check "its bytes" test "$(cat out)" = abc
accepts vault get v $abc -o copy
check "its bytes in a file" cmp copy pages/a.txt
refuses 2 "'xyz' is no item" -- vault get v xyz
refuses 1 "was never in" -- vault get v "${abc/ba/00}"

accepts vault verify v
check "sound" grep -q "^Sound: 'v': 2 items of 11 bytes, 0 removed" out
object=v/objects/${abc:0:2}/${abc:2}.zst
cp "$object" kept
printf X | dd of="$object" bs=1 seek=6 conv=notrunc 2>/dev/null
runs vault verify v
check "the status of damage" test $? = 3
check "the item is named" grep -qx $abc out
check "and how many" grep -q "^1 damages" out
runs vault verify v --json
check "damage as JSON" grep -q '"damage_count": *1' out
rm -f copy
refuses 1 "other bytes" -- vault get v $abc -o copy
[ ! -e copy ] || fail "damaged bytes were written to a file"
# Who has the original mends it by adding it again, whatever became of it.
accepts vault add v pages/a.txt --captured 2026-11-01T00:00:00Z
check "mended" grep -q "^0 new (0 bytes), 0 known from elsewhere, 0 there already, 1 mended: damaged before" out
check "as it was" cmp kept "$object"
accepts vault verify v
rm "$object"
accepts vault add v pages/a.txt --origin again --json
check "mended as JSON" grep -q '"outcome": *"mended"' out
accepts vault list v
check "with where it came from this time" grep -q "from again" out
accepts vault verify v
accepts vault add v pages/a.txt --origin again
check "sound again" grep -q "1 there already.$" out

refuses 2 "why?" -- vault remove v $abc
accepts vault remove v $abc --reason 'erased on request'
refuses 1 "removed at" "erased on request" -- vault get v $abc
refuses 1 "is not in" -- vault remove v $abc --reason again
accepts vault add v pages/a.txt
check "not kept again" grep -q "1 not kept: removed before" out
[ ! -e "$object" ] || fail "the bytes are there after their removal"
accepts vault verify v
check "one is left" grep -q "^Sound: 'v': 1 items of 8 bytes, 1 removed" out

# ---- What an archive says of it ----

refuses 2 "of which vault?" -- vault statement
accepts vault init w
mkdir archived
for i in 1 2 3; do seq -s " and then comes the number " "${i}00" "${i}40" >archived/$i.txt; done
printf '\n' >archived/blank.txt
printf 'caf\351 in another encoding' >archived/latin.txt
printf 'a\0b' >archived/bytes.bin
accepts vault add w archived/1.txt archived/2.txt --captured 2026-10-02T00:00:00Z
accepts vault add w archived --captured 2026-10-01T00:00:00Z
accepts vault add w archived/3.txt --captured 2026-10-05T00:00:00Z --origin elsewhere
accepts vault remove w "$(sha256sum archived/2.txt | cut -c 1-64)" --reason 'erased on request'
accepts ledger keys archive.key --make archive.example.org --for issuer
accepts ledger keys log.key --make log.example.com --for log
accepts ledger init log --origin log.example.com --key log.key
says_of=(--collection archive.example.org/pages --method 'by hand' --key archive.key)
refuses 2 "--out is not given" -- vault statement w "${says_of[@]}"
refuses 2 "--ended is 'now'" -- vault statement w "${says_of[@]}" --out s.shard --ended now
accepts vault statement w "${says_of[@]}" --out s.shard --log log --license CC0-1.0
check "what is not text is named" test "$(grep -c 'no text in UTF-8' out)" = 2
check "by its origin" grep -q "from archived/latin.txt: no text" out
check "two documents of five items" grep -q "2 documents of 'archive.example.org/pages', of the vault's 5 items" out
check "its dates" grep -q "from 2026-10-01T00:00:00Z to 2026-10-05T00:00:00Z" out
check "blank ones are told" grep -q "^1 items have no text" out
check "the next step" grep -q "ledger publish log" <(joined out)
accepts shard verify s.shard
check "the secret is private" test "$(stat -c %a s.shard.secret)" = 600
printf '%s' "$(sed 's/.*"payload":"\([^"]*\)".*/\1/' s.shard.statement | base64 -d)" >claimed
check "the shard's digest" grep -q "$(sha256sum s.shard | cut -c 1-64)" claimed
check "the licence" grep -q 'CC0-1.0' claimed
check "how many" grep -q '"documents":2' claimed
accepts ledger publish log --key log.key
check "it is in the log" grep -q "checkpoint of 1 entries is published" out
printf 'urn:wellspring:roles:v1\nkey archive %s\narchive archive archive.example.org\n' \
    "$("$ws" ledger keys archive.key)" >roles.txt
printf 'log %s\nquorum none\n' "$("$ws" ledger keys log.key)" >policy.txt
accepts index build log --shards . --policy policy.txt --roles roles.txt --out i.index
check "it counts" grep -q "of 1 live shards" out
# What was removed is not in the shard, what is there is.
digest_of() { "$ws" fingerprint "$1" | grep -oE '[0-9a-f]{64}' | head -n 1; }
accepts shard prove s.shard --document "$(digest_of archived/1.txt)" --out opening
refuses 1 "commitments" -- shard prove s.shard --document "$(digest_of archived/2.txt)" --out none
refuses 2 "is there already" -- vault statement w "${says_of[@]}" --out s.shard
accepts vault statement w "${says_of[@]}" --out t.shard --started 2026-09-01T00:00:00Z --json
check "as JSON" grep -q '"started": *"2026-09-01T00:00:00Z"' out
accepts vault init nothing
refuses 2 "no document with text" -- vault statement nothing "${says_of[@]}" --out u.shard

# ---- While another writes ----

exec 9>>v/lock
flock 9
refuses 1 "lock" -- vault add v pages/a.txt
accepts vault verify v
exec 9>&-

sed -i '1s/abc\.\|a\.txt/x.txt/' v/records
refuses 1 "line 1" -- vault list v
runs vault verify v
check "the status of damaged records" test $? = 3
check "the line is named" grep -q "line 1: " out
finish
