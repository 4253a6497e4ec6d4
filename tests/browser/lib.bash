# What the browser tests share. Source it with the program's path as the first argument: it does what
# tests/cli/lib.bash does, and brings playwright-core and axe-core, which drive Debian's Chromium.
#
#     browse TEST.js ARGUMENT...     runs a test in this directory with node; prints what it says

. "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.bash"

for tool in node npm chromium; do
    if ! command -v $tool >/dev/null; then
        echo "skipped: no $tool here, to open pages with"
        exit 77
    fi
done
cp "$WS_SOURCE_DIR"/tests/browser/*.js* .
# What npm has fetched before is not asked for again, so that this needs a network once.
if ! npm ci --no-audit --no-fund --prefer-offline --fetch-retries 1 >npm.out 2>&1; then
    echo "skipped: npm cannot fetch playwright-core and axe-core"
    tail -n 3 npm.out
    exit 77
fi

browse() {
    node "$@" >browse.out 2>&1 || { fail "$*"; head -n 40 browse.out | cut -c 1-400; }
}
