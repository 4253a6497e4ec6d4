# Timestamps of a log's checkpoint, by an authority that openssl plays: through files, and over HTTP.
. "$(dirname "$0")/lib.bash"

if ! command -v openssl >/dev/null; then
    echo "skipped: no openssl here"
    exit 77
fi

{
    for ca in root other; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $ca.pkey \
            -out $ca.pem -subj /CN=$ca -days 30
    done
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tsa.pkey -out tsa.csr \
        -subj /CN=tsa
    echo 'extendedKeyUsage = critical,timeStamping' >tsa.ext
    openssl x509 -req -in tsa.csr -CA root.pem -CAkey root.pkey -set_serial 2 -days 30 \
        -extfile tsa.ext -out tsa.pem
} 2>openssl.err || fail "no authority: $(tail -n 3 openssl.err)"
cat >tsa.cnf <<'END'
[tsa]
default_tsa = t
[t]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.pkey
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
accuracy = secs:1
END
echo 01 >serial
stamp() { # stamp REQUEST ANSWER
    openssl ts -reply -config tsa.cnf -queryfile "$1" -out "$2" 2>openssl.err || fail "$(cat openssl.err)"
}

accepts ledger keys --make log.example --for log log.key
accepts ledger init log --key log.key
refuses 2 "which DIR?" -- ledger timestamp
refuses 1 "nowhere" -- ledger timestamp nowhere --authorities root.pem
refuses 2 "--authorities" -- ledger timestamp log
refuses 1 "log/timestamps/000" "No such file" -- ledger timestamp log --authorities root.pem
accepts ledger timestamp log --request query
check "a next step" grep -q -e '--answer' out
stamp query answer
refuses 1 "does not hold" -- ledger timestamp log --authorities other.pem --answer answer
[ ! -e log/timestamps ] || fail "what does not hold was kept"
accepts ledger timestamp log --authorities root.pem --answer answer
check "a date" grep -Eq "^The 0 entries of 'log.example' existed no later than 20[0-9T:-]+Z, give or take 1 sec" out
check "it is kept" cmp answer log/timestamps/000
accepts ledger timestamp log --authorities root.pem --json
check "JSON" grep -q '"existed_no_later_than"' out
refuses 1 "does not hold" -- ledger timestamp log --authorities other.pem
refuses 2 "no certificates" -- ledger timestamp log --authorities log.key
refuses 1 "no answer of a time-stamping authority" -- ledger timestamp log --authorities root.pem --answer query

# As docs/formats/log.md has it: without this program.
digest=$(sed '/^$/,$d' log/checkpoint | sha256sum | cut -c 1-64)
check "openssl believes it" openssl ts -verify -in log/timestamps/000 -digest "$digest" -CAfile root.pem

# ---- Over HTTP ----

if ! command -v python3 >/dev/null; then
    echo "not over HTTP: no python3 here"
    finish
fi
cat >tsa.py <<'END'
import http.server
import subprocess

class Authority(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        good = self.headers["Content-Type"] == "application/timestamp-query" and self.path == "/tsa"
        open("asked", "wb").write(query)
        subprocess.run(["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "asked",
                        "-out", "answered"], check=True, stderr=subprocess.DEVNULL)
        answer = open("answered", "rb").read() if good else b"no"
        self.send_response(200 if good else 404)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *words):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Authority)
print(server.server_port, flush=True)
server.serve_forever()
END
python3 tsa.py >port 2>tsa.err &
authority=$!
trap 'kill $authority; chmod -R u+rwx "$place"; rm -rf "$place"' EXIT
awaits $authority test -s port
rm -r log/timestamps
unset http_proxy
accepts ledger timestamp log --authorities root.pem --from "http://127.0.0.1:$(cat port)/tsa"
check "it is kept" cmp answered log/timestamps/000
refuses 1 "answered 404" -- ledger timestamp log --authorities root.pem --from "http://127.0.0.1:$(cat port)/"

finish
