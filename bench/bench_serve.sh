#!/usr/bin/env bash
# The dashboard: its list of 10,000 runs against the limit of 0.1 s, first when the server has just
# been started, then the median of 11; an answer while 10,000 connections are open that say nothing, against
# 3 s (one that finds no room comes again a second later); and what the server takes of a core while 200 viewers follow a run
# that is running, against the limit of 5 %. Processor seconds, over a minute. Usage: bench_serve.sh BUILD
set -euo pipefail
program=$(realpath "$1")/wellspring
source "$(dirname "$0")/lib.bash"
place=$(mktemp -d)
server='' live='' viewers=''
clean() {
    for process in $viewers $server $live; do kill "$process" 2>/dev/null || true; done
    wait
    rm -rf "$place"
}
trap clean EXIT
cd "$place"
count=10000
watchers=200
watched=60 # seconds

# ---- The list ----

many_runs $count
"$program" runs runs >/dev/null # makes the index

start() { # start DIRECTORY: sets `server` and `at`
    rm -f serve.out
    "$program" serve --runs "$1" --port 0 >serve.out &
    server=$!
    until grep -q Ctrl-C serve.out 2>/dev/null; do sleep 0.05; done
    at=$(sed -n 's|.* at \(http://[^/]*\)/.*|\1|p' serve.out)
}
asked() { # asked PATH: seconds until the answer is here
    curl -sS -o answer -w '%{time_total}\n' "$at$1"
}
all_there() {
    [ "$(grep -o '"id":' answer | wc -l)" -eq "$1" ]
}

start runs
first=$(asked "/api/runs?most=200")
all_there 200
row "a page of 10,000 runs, the first that is asked for" "$first" 0.1 limit
page=$(for _ in {1..11}; do asked "/api/runs?most=200" && all_there 200; done | sort -n | sed -n 6p)
row "a page of 10,000 runs" "$page" 0.1 limit
found=$(for _ in {1..11}; do asked "/api/runs?search=run-77&group=day&most=200"; done | sort -n | sed -n 6p)
row "a search in 10,000 runs" "$found" 0.1 limit
all=$(for _ in {1..11}; do asked "/api/runs?most=$count" && all_there $count; done | sort -n | sed -n 6p)
row "all of 10,000 runs" "$all" 0.1 limit
kill $server
wait $server

# ---- A crowd that says nothing ----

cat >crowd.py <<'END'
import resource, socket, sys, time

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
port, crowd = int(sys.argv[1]), []
for _ in range(10000):
    crowd.append(socket.socket())
    crowd[-1].setblocking(False)
    crowd[-1].connect_ex(("127.0.0.1", port))
begun, line = time.monotonic(), b""
while line != b"HTTP/1.1 200 OK":
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
            one.sendall(b"GET /api/runs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            line = one.recv(1000).split(b"\r\n")[0]
    except OSError:
        time.sleep(0.05)
print(f"{time.monotonic() - begun:.3f}")
END
mkdir empty
start empty
row "an answer while 10,000 connections are open" "$(python3 crowd.py "${at##*:}")" 3 limit
kill $server
wait $server

# ---- Viewers ----

cat >endless.yaml <<'END'
family: discrete
source: zipf
types: 1000
items: 20000
generations: 1000000
seeds: 2
threads: 1
policies: replace
END
mkdir watched
"$program" run endless.yaml -q -o watched/live &
live=$!
until [ -e watched/live/progress ]; do sleep 0.05; done
start watched
for ((i = 0; i < watchers; i++)); do
    curl -sS -N -o "heard.$i" "$at/api/runs/live/events" &
    viewers+=" $!"
done
sleep 3
processor() { # seconds that the server has taken
    awk -v ticks="$(getconf CLK_TCK)" '{ print ($14 + $15) / ticks }' "/proc/$server/stat"
}
before=$(processor)
sleep $watched
after=$(processor)
for ((i = 0; i < watchers; i++)); do
    [ "$(grep -c '^data: ' "heard.$i")" -ge $((watched / 2)) ] || { echo "viewer $i heard too little" >&2; exit 1; }
done
row "$watchers viewers of a run, share of a core" \
    "$(awk -v a="$before" -v b="$after" -v s=$watched 'BEGIN { printf "%.4f", (b - a) / s }')" 0.05 limit
