# A witness, made, told of logs, asked over HTTP, and killed while it is asked.
. "$(dirname "$0")/lib.bash"

for program in curl openssl base64; do
    if ! command -v $program >/dev/null; then
        echo "skipped: no $program here"
        exit 77
    fi
done
exec 2>shell.err # of jobs that are killed

# ---- A log that only signs ----

accepts ledger keys --make log.example --for log log.key
log_key=$(head -n 1 out)
# The seed, in PKCS #8, for openssl.
{
    printf '\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20'
    cut -d + -f 5- log.key | base64 -d | tail -c 32
} | openssl pkey -inform DER -out log.pem
log_id=$(sed 's/^[^+]*+\([0-9a-f]*\)+.*/\1/' <<<"$log_key")

leaf() { # leaf TEXT: its hash, as a file
    printf '\0%s' "$1" | openssl dgst -sha256 -binary
}
checkpoint() { # checkpoint ORIGIN SIZE: of the root in the file `root`, signed
    printf '%s\n%s\n%s\n' "$1" "$2" "$(base64 -w 0 root)" >text
    openssl pkeyutl -sign -rawin -inkey log.pem -in text -out signature
    cat text
    printf '\n\xe2\x80\x94 log.example %s\n' "$({
        printf "$(sed 's/../\\x&/g' <<<"$log_id")"
        cat signature
    } | base64 -w 0)"
}

# ---- Making one ----

refuses 2 "which command?" -- witness
refuses 2 "did you mean 'serve'?" -- witness sevre
refuses 2 "--name" -- witness init w
refuses 2 "'a b' cannot be a key's name" -- witness init w --name 'a b'
[ ! -e w ] || fail "a witness without a name was made"
accepts witness init w --name witness.example
witness_key=$(head -n 1 out)
check "next steps" grep -q "wellspring witness serve w" out
check "a public key" grep -qx "$witness_key" w/vkey
check "the key is its owner's" test "$(stat -c %a w/key)" = 600
if grep -rq PRIVATE out err; then fail "the private key was printed"; fi
refuses 2 "already" -- witness init w --name witness.example

accepts witness list w
check "it knows nothing" grep -q "knows no log" out
refuses 1 "nowhere" -- witness list nowhere
refuses 1 "nowhere" -- witness serve nowhere
refuses 2 "which log?" -- witness add-log w
refuses 2 "no key of signed notes" -- witness add-log w nonsense
refuses 2 "type 4" -- witness add-log w "$witness_key"
accepts witness add-log w "$log_key"
accepts witness add-log w "$log_key" --origin 'another log'
accepts witness list w
check "two logs" test "$(grep -c 'nothing cosigned yet' out)" -eq 2

# ---- Asking ----

serve() { # its address in `at`, its process in `server`
    rm -f serve.out
    "$ws" witness serve w --port 0 "$@" >serve.out 2>serve.err &
    server=$!
    awaits $server grep -qs Ctrl-C serve.out
    at=$(sed -n 's|.* at \(http://[^/]*\)/.*|\1|p' serve.out)
    [ -n "$at" ] || fail "no server: $(cat serve.err)"
}
answers() { # answers STATUS PATH [CURL'S WORDS...]
    local status
    rm -f body
    status=$(curl -sS -m 30 -D head -o body -w '%{http_code}' "${@:3}" "$at$2")
    [ "$status" = "$1" ] || fail "$2 was answered with $status, wanted $1: $(head -c 200 body)"
}
asked() { # asked STATUS OLD: for the checkpoint in the file `note`
    { printf 'old %s\n\n' "$2"; cat note; } >request
    answers "$1" /add-checkpoint --data-binary @request
}

refuses 2 "--port is 'x'" -- witness serve w --port x
refuses 2 "'nonsense'" -- witness serve w --listen nonsense
serve
check "where it is" grep -q "^Witness witness.example at http://127.0.0.1:" serve.out
answers 200 /vkey
check "its key" grep -qx "$witness_key" body
leaf one >root
checkpoint log.example 1 >note
cp note first
asked 200 0
check "a cosignature" grep -q "^— witness.example " body
check "one line" test "$(wc -l <body)" -eq 1
asked 409 0
check "the size" test "$(cat body)" = 1
check "its type" grep -qi '^Content-Type: text/x.tlog.size' head
asked 200 1
asked 400 2
leaf other >root
checkpoint log.example 1 >note
asked 422 1
checkpoint log.example 2 >note
asked 422 1
checkpoint unknown.example 1 >note
asked 404 0
checkpoint 'another log' 0 >note
asked 422 0
checkpoint 'another log' 1 >note
asked 200 0
sed '$s/log\.example/other.example/' first >note
asked 403 1
sed '$s/.\{9\}$/AAAAAAAA=/' first >note
asked 403 1
printf 'old 0\n' >request
answers 400 /add-checkpoint --data-binary @request
head -c 200000 /dev/zero >request
answers 413 /add-checkpoint --data-binary @request
status=$(curl -sS -m 30 -o body -w '%{http_code}' -H 'Transfer-Encoding: chunked' \
    --data-binary @request "$at/add-checkpoint")
[ "$status" = 413 ] || fail "200,000 bytes in pieces were answered with $status"
answers 405 /add-checkpoint
answers 404 /

hash=$(printf log.example | openssl dgst -sha256 -r | cut -c 1-64)
answers 200 "/$hash/checkpoint"
check "what was cosigned" cmp <(head -n 5 body) first
check "by whom" test "$(grep -c '^— witness.example ' body)" -eq 1
answers 404 "/${hash//[0-9]/0}/checkpoint"
answers 400 "/..%2f$hash/checkpoint"

answers 200 /metrics
for line in 'verdict="cosigned"} 3' 'verdict="other_size"} 1' 'verdict="old_ahead"} 1' \
    'verdict="other_root"} 1' 'verdict="bad_proof"} 1' 'verdict="unknown_log"} 1' \
    'verdict="wrong_empty_root"} 1' 'verdict="not_signed"} 1' 'verdict="bad_signature"} 1' \
    'verdict="malformed"} 1' 'turned_away_total{reason="too_long"} 2' \
    'turned_away_total{reason="crowded"} 0' 'log_size{origin="log.example"} 1'; do
    check "it counts $line" grep -qF "$line" body
done

accepts witness list w
check "a date" grep -Eq '^  1 entries existed no later than 20[0-9-]+T[0-9:]+Z$' out
accepts witness list w --json
check "JSON" grep -q '"existed_no_later_than"' out

# A log that is added is known at once.
checkpoint later.example 1 >note
asked 404 0
accepts witness add-log w "$log_key" --origin later.example
asked 200 0
kill -TERM $server
wait $server || fail "SIGTERM: status $?"
[ ! -s serve.err ] || fail "said $(cat serve.err)"

# ---- Killed while it is asked: of two histories it has cosigned one ----

for side in left right; do
    leaf $side >$side.root
done
cosigned() { # cosigned SIDE N: whether it is; its answer is counted
    local status
    status=$(curl -s -m 30 -o "$1.body" -w '%{http_code}' --data-binary "@$1.$2" "$at/add-checkpoint")
    if [ "$status" = 200 ]; then echo "$1" >>"cosigned.$2"; fi
}
for n in {1..12}; do
    accepts witness add-log w "$log_key" --origin "log $n"
    for side in left right; do
        cp $side.root root
        { printf 'old 0\n\n'; checkpoint "log $n" 1; } >$side.$n
    done
    serve
    cosigned left $n &
    left=$!
    cosigned right $n &
    right=$!
    sleep "0.0$((RANDOM % 3))$((RANDOM % 10))"
    kill -9 $server
    wait $server $left $right
    serve
    cosigned left $n
    cosigned right $n
    for side in left right; do # and what it has cosigned it cosigns again
        sed -i 's/^old 0$/old 1/' $side.$n
        cosigned $side $n
    done
    [ "$(sort -u cosigned.$n | wc -l)" -eq 1 ] || fail "log $n: cosigned $(sort cosigned.$n | xargs)"
    kill -TERM $server
    wait $server || fail "SIGTERM: status $?"
done

finish
