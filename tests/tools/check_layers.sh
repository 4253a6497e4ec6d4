#!/usr/bin/env bash
# Each rule of tools/check_layers is broken once in a small tree, at a known line.
#
#   check_layers.sh ROOT
set -euo pipefail

check=$1/tools/check_layers
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# breach FILE LINE: standard input as FILE is refused at LINE, and only there.
breach() {
    local seen status=0
    mkdir -p "$tree/$(dirname "$1")"
    cat >"$tree/$1"
    seen=$("$check" "$tree") || status=$?
    rm "$tree/$1"
    if [ "$status" != 1 ] || [ "$(grep -c . <<<"$seen")" != 1 ] || [[ $seen != "$1:$2: "* ]]; then
        printf 'wanted one line for %s:%s, saw status %s and:\n%s\n' "$1" "$2" "$status" "$seen"
        exit 1
    fi
}

mkdir -p "$tree/src/base" "$tree/src/lab" "$tree/src/cli" "$tree/tools" "$tree/tests/unit"
echo 'int test;' >"$tree/tests/unit/test_there.c"
cat >"$tree/src/base/clean.h" <<'EOF'
/* A printf(3) in a comment,
 * abort() on its second line, */
#include "base/clean.h"
static const char *text = "exit(1) \" malloc(2)"; // atoi(line)
int run(struct heap *heap) { return heap->free(heap) + snprintf(text) + my_exit(1) + '"'; }
EOF
printf '#undef strcpy\n#undef atoi\n#define atoi(x) no\n' >"$tree/src/base/banned.h"
cat >"$tree/src/lab/upper.h" <<'EOF'
#include "base/clean.h"
/* Contract: tests/unit/test_there.c, test_there.c, tests/unit/test_*.c, tests/unit/. */
EOF
echo 'int main(void) { printf("%s", stdout); exit(1); }' >"$tree/src/cli/main.c"
echo 'int tool(void) { return malloc(1) ? printf("") : 0; }' >"$tree/tools/tool.c"
"$check" "$tree"

breach src/base/low.c 2 <<'EOF'
#include <stdio.h>
#include "lab/upper.h"
EOF
breach src/base/low.cu 1 <<<'#include "lab/upper.h"'
breach src/base/bare.c 1 <<<'#include "clean.h"'
breach src/attic/old.c 1 <<<'int x;'
breach src/lab/main.c 1 <<<'int x;'
breach src/lab/util.c 1 <<<'int x;'
breach src/lab/copy.c 2 <<<$'\n    strcpy(a, b);'
breach tools/number.c 1 <<<'int n = atoi ("1");'
breach src/lab/loud.c 1 <<<'int x = printf("");'
breach src/lab/error.c 1 <<<'int x = fputs("", stderr);'
breach src/lab/heap.c 1 <<<'int *x = malloc(1);'
breach src/lab/end.c 3 <<<$'/* one\n two */ int x;\n/* three */ exit(1);'
breach src/lab/path.h 2 <<<$'/*\n * Contract: tests/unit/test_absent.c. */'
breach src/lab/name.h 1 <<<'/* Fuzz targets: tests/unit/test_there.c, fuzz_absent.c. */'
breach src/lab/folder.h 1 <<<'/* Contract: tests/fault/, tests/unit/. */'
breach src/lab/format.h 1 <<<'/* Stored form: docs/formats/absent.md. */'
mkdir -p "$tree/tests/fuzz/corpus/named" "$tree/tests/fuzz/corpus/unnamed"
touch "$tree"/tests/fuzz/corpus/{,un}named/empty
echo "| bytes | \`fuzz_named\` |" >"$tree/tests/fuzz/README.md"
echo 'int x;' >"$tree/tests/fuzz/fuzz_named.c"
"$check" "$tree"
breach tests/fuzz/fuzz_bare.c 1 <<<'int x;'
breach tests/fuzz/fuzz_unnamed.c 1 <<<'int x;'
echo "every rule was seen to hold"
