# Ten thousand connections that say nothing, slowly or never, and who asks meanwhile is answered.
. "$(dirname "$0")/../cli/lib.bash"

if ! command -v python3 >/dev/null; then
    echo "skipped: no python3 here, to open connections with"
    exit 77
fi
mkdir runs
"$ws" serve --port 0 >serve.out 2>serve.err &
server=$!
awaits $server grep -qs Ctrl-C serve.out
port=$(sed -n 's|.*:\([0-9]*\)/.*|\1|p' serve.out)

cat >crowd.py <<'END'
import resource, select, socket, sys, time

port, wanted = int(sys.argv[1]), 10000
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
wanted = min(wanted, hard - 100) if hard != resource.RLIM_INFINITY else wanted


def answered():
    """Seconds until a question is answered."""
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as asks:
                asks.sendall(b"GET /api/runs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                line = asks.recv(1000).split(b"\r\n")[0]
                if line == b"HTTP/1.1 200 OK":
                    return time.monotonic() - begun
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("no answer within a minute")


# One who watches stays while all others come and go.
viewer = socket.create_connection(("127.0.0.1", port))
viewer.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
if not viewer.recv(1000).startswith(b"HTTP/1.1 200"):
    sys.exit("no stream")
crowd = []
for i in range(wanted):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(("127.0.0.1", port))
    crowd.append(one)
answered()
for i, one in enumerate(crowd):  # some say a little, and never all of it
    try:
        if i % 3 == 0:
            one.send(b"GET / HT")
    except OSError:
        pass
answered()
for one in crowd:
    one.close()
answered()

# Who is slow is cut off, though he says something now and then.
slow = socket.create_connection(("127.0.0.1", port))
begun = time.monotonic()
cut = False
while not cut and time.monotonic() - begun < 60:
    try:
        slow.send(b"G")
        cut = bool(select.select([slow], [], [], 1)[0]) and slow.recv(100) == b""
    except OSError:
        cut = True
if not cut:
    sys.exit("a slow client is served for ever")
viewer.setblocking(False) # he still hears
try:
    while viewer.recv(10000):
        pass
    sys.exit("the viewer was sent away")
except BlockingIOError:
    pass
END
python3 crowd.py "$port" >crowd.out 2>&1 || fail "$(cat crowd.out)"
[ "$(find "/proc/$server/fd" | wc -l)" -lt 200 ] || fail "connections are still open"
kill -TERM $server
wait $server || fail "SIGTERM: status $?"
[ ! -s serve.err ] || fail "said $(cat serve.err)"

finish
