# The dashboard's server, asked as a browser would, and as nobody should.
. "$(dirname "$0")/lib.bash"

if ! command -v curl >/dev/null; then
    echo "skipped: no curl here"
    exit 77
fi
exec 2>shell.err # of jobs that are killed
cat >small.yaml <<'END'
family: discrete
source: zipf
types: 5
items: 10
policies: [replace, keep:0.5]
generations: 4
seeds: 3
END
cat >endless.yaml <<'END'
family: discrete
source: zipf
types: 1000
items: 20000
generations: 100000
seeds: 2
policies: replace
checkpoint_seconds: 1
END
accepts run small.yaml -q -o runs/a
accepts run small.yaml -q -o 'runs/b <b>"x"' --seeds 5
accepts run small.yaml -q -o runs/damaged
printf '{"format": 7' >runs/damaged/run.json

# serve WORDS...: starts a server; its address in `at`, its process in `server`.
serve() {
    rm -f serve.out
    "$ws" serve --port 0 "$@" >serve.out 2>serve.err &
    server=$!
    awaits $server grep -qs Ctrl-C serve.out
    at=$(sed -n 's|.* at \(http://[^/]*\)/.*|\1|p' serve.out)
    [ -n "$at" ] || fail "no server: $(cat serve.err)"
}
ends() { # it ends when it is told to, with nothing to say
    kill -TERM $server
    wait $server || fail "SIGTERM: status $?"
    [ ! -s serve.err ] || fail "said $(cat serve.err)"
}
ask() { # ask PATH [CURL'S WORDS...]: prints the body
    curl -sS --path-as-is -m 30 "${@:2}" "$at$1"
}
answers() { # answers STATUS PATH [CURL'S WORDS...]
    local status
    rm -f body
    status=$(ask "$2" -o body -w '%{http_code}' "${@:3}")
    [ "$status" = "$1" ] || fail "$2 was answered with $status, wanted $1: $(head -c 200 body)"
}
has() { # has WORDS...: the last answer
    local word
    for word in "$@"; do
        grep -qF -e "$word" body || fail "wanted $word in $(head -c 300 body)"
    done
}

refuses 1 "'nowhere'" -- serve --runs nowhere
refuses 2 "--port is 'x'" -- serve --port x
refuses 2 "'nonsense'" -- serve --listen nonsense
refuses 2 "'runs'" -- serve runs
printf 'short\n' >token
refuses 2 "'token' holds no token" -- serve --listen 0.0.0.0 --token-file token

serve
check "where it is" grep -q "^Runs, to be looked at only, of 'runs' at http://127.0.0.1:" serve.out
refuses 1 "Address already in use" "--port 0" -- serve --port "${at##*:}"

# ---- Pages ----

for page in / /runs/a /compare; do
    answers 200 $page -D head
    for header in "Content-Security-Policy: default-src 'none'" "X-Content-Type-Options: nosniff" \
        "Referrer-Policy: no-referrer" "X-Frame-Options: DENY" "Content-Type: text/html"; do
        check "$page has $header" grep -qi "^$header" head
    done
    if grep -E '<(script|style)[^>]*>[^<]|style=|\bon[a-z]+=' body; then fail "$page has text as a program"; fi
done
if grep -E "unsafe|\*" <(grep -i content-security head); then fail "the policy lets in too much"; fi
for asset in $(ask / | grep -oE '/assets/[a-z.]+'); do
    answers 200 "$asset" -D head
    tag=$(sed -n 's/^ETag: \(.*\)\r/\1/pi' head)
    answers 304 "$asset" -H "If-None-Match: $tag"
    [ ! -s body ] || fail "$asset was sent all the same"
done
answers 200 / -I

# ---- The list ----

answers 200 /api/runs
has '"total":2' '"directory":"a"' '"id":"b%20%3Cb%3E%22x%22"' 'damaged/run.json' '"control":false'
answers 200 '/api/runs?search=B+%3cb%3e'
has '"matched":1' '"directory":"b <b>\"x\""'
answers 200 '/api/runs?group=family&most=0'
has '{"name":"discrete","runs":2,"running":0}'
answers 200 '/api/runs?sort=seeds&reverse&most=1'
has '"seeds":5'
answers 400 '/api/runs?sort=age'
answers 400 '/api/runs?most=many'
answers 400 '/api/runs?group=colour'

for i in {1..30}; do mkdir "runs/bad-$i" && : >"runs/bad-$i/run.json"; done
sleep 1.2 # a list is as old as a second
answers 200 /api/runs
has '"damaged_total":31'
check "twenty are named" test "$(grep -o 'run\.json:' body | wc -l)" -eq 20
rm -r runs/bad-*

# ---- A run ----

answers 200 '/api/runs/b%20%3Cb%3E%22x%22'
has '"state":"complete"' '"results":true' '"types":"5"'
answers 200 /api/runs/a/log
has 'complete\n' '"from":0'
size=$(stat -c %s runs/a/events.log)
answers 200 "/api/runs/a/log?from=$size"
has "\"next\":$size,\"text\":\"\""
answers 200 '/api/runs/a/summary?metric=entropy_mm'
has '"arm":"keep:0.5"' '"metrics":['
for format in csv jsonl parquet; do
    answers 200 "/api/runs/a/export?format=$format" -D head
    check "it is saved as a file" grep -q "^Content-Disposition: attachment; filename\*=UTF-8''a.$format" head
    accepts export runs/a -f $format
    check "the same as export's $format" cmp body out
done
answers 200 '/api/runs/a/export?summary=1'
accepts export runs/a --summary
check "the same as export's summary" cmp body out
answers 400 '/api/runs/a/export?format=doc'

# What is damaged is left out, as the command leaves it out, and the answer says so.
cp -r runs/a runs/torn
truncate -s 300 runs/torn/arms/replace/*.checkpoint
sleep 1.2 # a list is as old as a second
answers 200 /api/runs/torn/export -D head
check "the warning" grep -qi "^X-Wellspring-Warning: left out arm 'replace' seed 1-3: .*checkpoint.*hash" head
check "the name says it" grep -q "^Content-Disposition: attachment; filename\*=UTF-8''torn-incomplete.csv" head
runs export runs/torn
check "the same as export's" cmp body out
answers 200 /api/runs/a/export -D head
if grep -qi '^X-Wellspring-Warning' head; then fail "a warning about a sound run"; fi
for arm in runs/torn/arms/*; do truncate -s 300 "$arm"/*.checkpoint; done
answers 500 /api/runs/torn/export -D head
has "no records of the run"
if grep -qi '^X-Wellspring-Warning' head; then fail "half a warning"; fi
rm -r runs/torn
answers 500 /api/runs/damaged
has 'damaged/run.json:1'
for missing in /api/runs/c /api/runs/.wellspring-runs /api/runs/a/else /api /assets/else /favicon.ico; do
    answers 404 $missing
done

# ---- Several ----

answers 200 '/api/compare?run=a&run=b%20%3Cb%3E%22x%22'
has '"settings":[{"name":"seeds","values":["3","5"]}]' '"generation":3'
answers 404 '/api/compare?run=a&generation=77'
answers 400 /api/compare
answers 404 '/api/compare?run=c'
answers 200 '/api/figure?run=a'
has '<svg'
answers 200 '/api/figure?run=a&format=pdf&download' -D head
has '%PDF-'
answers 200 '/api/figure?run=a&format=tex&download' -D head
has 'begin{tikzpicture}'
check "TikZ is saved as that" grep -qi "^Content-Disposition: .*''a-metric.tex" head
answers 200 /api/runs/a/summary
grep -o '"figures":[^]]*' body | grep -o '"kind":"[a-z]*"' | cut -d '"' -f 4 >kinds
check "kinds that the run has data for" test "$(tr '\n' ' ' <kinds)" = "metric profile theory "
has '"replayed":[{"kind":"distribution"' '"kind":"survival"' '"kind":"zipf"' '"directory":"runs/a"'
while read -r kind; do
    for format in svg pdf png tex; do
        answers 200 "/api/figure?run=a&kind=$kind&format=$format"
    done
done <kinds
answers 400 '/api/figure?run=a&kind=pie'
answers 501 '/api/figure?run=a&kind=zipf'
has "wellspring plot RUN --kind zipf"

# ---- Ways out ----

printf 'secret' >secret
mkdir -p runs/empty
for way in /../secret /assets/../index.html /assets/..%2findex.html /runs/../../secret /api/runs/../a \
    /api/runs/..%2fruns%2fa /api/runs/. /api/runs/%2e%2e /api/runs//log /api/runs/a%00b /%zz /api/runs/; do
    answers 400 "$way"
done
for run in ../runs/a . .. /etc ''; do
    answers 400 "/api/compare?run=$run"
done
answers 404 /api/runs/empty
answers 413 "/$(printf 'a%.0s' {1..9000})"
answers 405 /api/runs -X DELETE
answers 405 / -X POST -H 'X-Wellspring: 1'
answers 421 / -H 'Host: evil.example'
answers 421 / -H 'Host: 127.0.0.1.evil.example'
answers 200 / -H 'Host: localhost:1'

# raw BYTES: what is answered to something that is hardly HTTP; first line only
raw() {
    local line=
    exec 3<>"/dev/tcp/127.0.0.1/${at##*:}"
    printf '%b' "$1" >&3
    IFS= read -r -t 30 line <&3
    exec 3>&-
    printf '%s\n' "${line%$'\r'}"
}
for odd in 'GET / HTTP/1.1\r\n\r\n' 'GARBAGE\r\n\r\n' 'GET /\x01 HTTP/9.9\r\nHost: localhost\r\n\r\n' \
    'POST /api/runs/a/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n' \
    'GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n' '\x00\x00\x00\x00\r\n\r\n' '\x16\x03\x01\x02\x00\r\n\r\n'; do
    line=$(raw "$odd")
    case $line in
    'HTTP/1.'?' 4'* | 'HTTP/1.'?' 5'* | '') ;;
    *) fail "$(printf '%q' "$odd") was answered with $line" ;;
    esac
done
long=$(printf 'b%.0s' {1..70000})
case $(raw "GET / HTTP/1.1\r\nHost: localhost\r\nX: $long\r\n\r\n") in
'HTTP/1.1 4'* | '') ;;
*) fail "70,000 bytes of a header" ;;
esac
head -c 100000 /dev/zero >large
answers 413 /api/runs/a/stop -X POST -H 'X-Wellspring: 1' --data-binary @large
answers 413 /api/runs/a/stop -X POST -H 'X-Wellspring: 1' -H 'Transfer-Encoding: chunked' --data-binary @large
head -c 10000000 /dev/zero |
    ask /api/runs/a/stop -X POST -H 'Transfer-Encoding: chunked' --data-binary @- -o body 2>/dev/null &&
    fail "a far too large body without a size was read to its end"
answers 200 /api/runs

# ---- What changes something ----

answers 403 /api/runs/a/stop -X POST
answers 403 /api/runs/a/stop -X POST -H 'X-Wellspring: 1' -H 'Origin: http://evil.example'
answers 501 /api/runs/a/stop -X POST -H 'X-Wellspring: 1'
has "--allow-control"
answers 405 /api/runs/a/stop
ends

# ---- A run that goes on ----

serve --allow-control
answers 409 /api/runs/a/stop -X POST -H 'X-Wellspring: 1'
"$ws" run endless.yaml -q -o runs/live 2>live.err &
running=$!
awaits $running test -e runs/live/progress
curl -sS -N "$at/api/runs/live/events" >events 2>/dev/null &
listener=$!
curl -sS -N "$at/api/events" >list.events 2>/dev/null &
list_listener=$!
was_told_twice() {
    [ "$(grep -c '^data: ' events)" -ge 2 ]
}
awaits $listener was_told_twice
check "its progress is told" grep -q '^data: {"state":"running".*"process":"there","stops":true,"share":0\.' events
awaits $list_listener grep -q '"running":\[{"id":"live","progress":{"process":"there"' list.events
kill $listener $list_listener
wait $listener $list_listener
answers 200 '/api/runs?state=running'
has '"matched":1' '"seconds_left"'
answers 200 /api/runs/live/stop -X POST -H 'X-Wellspring: 1' -H "Origin: $at"
wait $running
[ $? -eq 1 ] || fail "a run that is stopped ends with $?"
check "it was stopped cleanly" grep -q 'stopped; the same command goes on' live.err
answers 200 /api/runs/live
has '"state":"stopped"' '"progress":null'
[ ! -e runs/live/progress ] || fail "its progress is still there"

# Killed: it says that it runs, and its process is gone
"$ws" run endless.yaml -q -o runs/live 2>live.err &
running=$!
awaits $running test -e runs/live/progress
kill -9 $running
wait $running 2>/dev/null
answers 200 /api/runs/live
has '"state":"running"' '"process":"gone"'
answers 404 /api/runs/live/stop -X POST -H 'X-Wellspring: 1'
has 'is gone'
# Another process of that number is not touched
sleep 1000 &
other=$!
sed "s/\"number\":$running/\"number\":$other/" runs/live/progress >forged && cp forged runs/live/progress
answers 404 /api/runs/live/stop -X POST -H 'X-Wellspring: 1'
kill -0 $other 2>/dev/null || fail "a process was stopped that is no run"
kill $other

# Viewers are told that the server ends, and keep it from nothing
curl -sS -N -m 60 "$at/api/events" >last.events 2>curl.err &
listener=$!
awaits $listener test -s last.events
ends
wait $listener || fail "a viewer's stream ended with $?: $(cat curl.err)"

# ---- A directory that vanishes ----

serve
mv runs away
sleep 1.2 # a list is as old as a second
answers 404 /api/runs
has "'runs'"
mv away runs
answers 200 /api/runs
ends

# ---- Elsewhere: with a token ----

refuses 2 "holds no token" -- serve --listen 0.0.0.0 --token-file /dev/null
serve --listen 0.0.0.0
token=$(sed -n 's|.*token=\([A-Za-z0-9_-]*\).*|\1|p' serve.out)
[ ${#token} -eq 32 ] || fail "no token in $(cat serve.out)"
at=${at/0.0.0.0/127.0.0.1}
for way in / /api/runs /assets/style.css /api/events '/?token=' "/?token=${token}x"; do
    answers 401 "$way"
done
answers 401 / -H "Authorization: Bearer ${token%?}"
answers 401 / -b "wellspring-${at##*:}=x"
answers 200 /api/runs -H "Authorization: Bearer $token"
answers 303 "/?token=$token" -c jar -D head
check "the cookie is no script's" grep -qi '^Set-Cookie: .*HttpOnly; SameSite=Strict' head
check "the secret is in no address" grep -qi $'^Location: /\r$' head
answers 200 /api/runs -b jar
ends
printf 'a-token-of-my-own\n' >token
serve --token-file token
answers 401 /
answers 200 / -H "Authorization: Bearer a-token-of-my-own"
ends

finish
