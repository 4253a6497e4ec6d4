# The dashboard in a browser: the list, a run that is watched to its end, one that is stopped, a
# comparison; numbers held against the program's own.
. "$(dirname "$0")/lib.bash"

cat >small.yaml <<'END'
title: "<script>alert(1)</script>"
family: discrete
source: zipf
types: 50
items: 12345
policies: [replace, keep:0.5]
generations: 6
seeds: 4
END
# A quarter of a minute at least, however fast the machine is: each fit sleeps.
cat >live.yaml <<'END'
family: external
train: "sleep 0.3; cp {data} {model}"
sample: "awk -v n={items} -v seed={seed} 'BEGIN { srand(seed) } { a[NR] = $0 } END { for (i = 0; i < n; i++) print a[int(rand() * NR) + 1] }' {model} >{out}"
source: zipf
types: 20
items: 30
generations: 25
seeds: 2
threads: 1
policies: replace
control: false
END
name="b <img src=x onerror=alert(2)>\"x'"
accepts run small.yaml -q -o runs/a
accepts run small.yaml -q -o "runs/$name" --seeds 6
mkdir runs/damaged
printf '{"format": 7' >runs/damaged/run.json
accepts export runs/a --summary -o summary.csv
runs compare runs/a "runs/$name" --json
cp out compare.json

"$ws" serve --port 0 --allow-control >serve.out 2>serve.err &
server=$!
awaits $server grep -qs Ctrl-C serve.out
at=$(sed -n 's|.* at \(http://[^/]*\)/.*|\1|p' serve.out)

browse dashboard_shows.js "$at" summary.csv compare.json

accepts export runs/a
mv out whole.csv
cp -r runs/a runs/torn
truncate -s 300 runs/torn/arms/replace/*.checkpoint
sleep 1.2 # a list is as old as a second
browse dashboard_saves.js "$at" whole.csv

{ # begins when the page is there
    until [ -e watching ]; do sleep 0.1; done
    exec "$ws" run live.yaml -q -o runs/live 2>live.err
} &
running=$!
browse dashboard_follows.js "$at" live watching
: >watching
wait $running || fail "the run ended with $?: $(cat live.err)"

"$ws" run live.yaml -q -o runs/stopped --generations 1000000 2>live.err &
running=$!
browse dashboard_stops.js "$at" stopped
wait $running
[ $? -eq 1 ] || fail "a run that is stopped ends with $?"
check "it was stopped cleanly" grep -q 'the same command goes on' live.err

kill -TERM $server
wait $server || fail "SIGTERM: status $?"
finish
