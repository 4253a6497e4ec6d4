# Fingerprints of documents: what is printed, as words and as JSON, and documents of any bytes.
. "$(dirname "$0")/lib.bash"

# The example of docs/formats/fingerprint.md.
printf '%s' "It was the best of times, it was the worst of times, it was the age of wisdom, it was the" \
    " age of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the" \
    " season of Light, it was the season of Darkness." >tale
echo >>tale
digest=31f62b08abd895fe4aca2d00d4bb248052190612582f5358b024a637d0089b45
iscc=ISCC:EAD65EMXHBMSSYKIHNOUK332S4O5YT67ZFFUXXD5PDODFWELRWVCEIA
accepts fingerprint tale
check "the digest" grep -q " $digest\$" out
check "the ISCC code" grep -q " $iscc\$" out
check "the counts" grep -q "ws-canon-1: 229 bytes of 230 code points" out
check "how many" grep -q "fingerprints  *6 of ws-winnow-1" out
check "what is next" grep -q "fingerprint --list tale" out
accepts fingerprint --list tale
check "a fingerprint and its place" grep -q "^265899420028070d  *89  *139$" out
check "all of them" test "$(grep -c '^[0-9a-f]\{16\} ' out)" -eq 6
accepts fingerprint --list --json tale
check "one line" test "$(wc -l <out)" -eq 1
check "the list" grep -qF '["265899420028070d",89,139],["a71bcae0c25ed17c",102,152]' out
check "the rest" grep -qF "\"canonical_bytes\":229,\"sha256\":\"$digest\",\"iscc\":\"$iscc\",\"fingerprints\":6}" out
accepts fingerprint --json - <tale
check "standard input" grep -q '^{"file":"standard input","canon":"ws-canon-1",.*"fingerprints":6}$' out
accepts fingerprint --canonical tale
check "canonical text has the digest" test "$(sha256sum <out)" = "$digest  -"

# A copy with something invisible every 40 characters, inside another page
{
    printf 'Another page, which begins with other words. '
    sed 's/.\{40\}/&\xE2\x80\x8B\xEF\xB8\x8F/g; s/it was/IT  WAS/g' tale
    printf 'And ends with others.\n'
} >copy
accepts fingerprint --list copy
cut -c 1-16 out | sort -u >copied
accepts fingerprint --list tale
cut -c 1-16 out | sort -u | comm -12 - copied >common
check "the copy is found" test "$(grep -c '^[0-9a-f]\{16\}$' common)" -ge 5

# Several documents, short ones, none
printf 'short' >short
accepts fingerprint --json tale short /dev/null
check "a line each" test "$(wc -l <out)" -eq 3
check "no fingerprints" test "$(grep -c '"fingerprints":0}' out)" -eq 2
accepts fingerprint short
check "and why" grep -q "0 of ws-winnow-1: the text is shorter than one" out

# Any bytes: NULs, what is not UTF-8, and a name that is none
head -c 3000000 /dev/zero >nuls
accepts fingerprint --json nuls
check "NULs are no text" grep -q '"raw_bytes":3000000,"code_points":3000000,"malformed":0,"canonical_bytes":0,' out
printf 'caf\xE9 \xE2\x82 \xF0\x9F\x98' >broken
accepts fingerprint broken
check "what is malformed" grep -q "malformed  *3 of them, left out" out
accepts fingerprint --canonical broken
check "is left out" test "$(cat out)" = caf
cp short "$(printf 'na\xFFme')"
accepts fingerprint --json "$(printf 'na\xFFme')"
check "the name is JSON" grep -qF '{"file":"na?me",' out

# Mistakes
refuses 2 "which document?" -- fingerprint
refuses 2 "--canonical goes with neither" -- fingerprint --canonical --json tale
refuses 1 "'nowhere'" "No such file" -- fingerprint nowhere
refuses 1 "'.'" "Is a directory" -- fingerprint .
finish
