#!/usr/bin/env bash
# The compiled code breaks no rule of tools/check_globals; objects made for it break each one.
#
#   check_globals.sh ROOT COMPILER ARCHIVE|OBJECT...
set -euo pipefail

check=$1/tools/check_globals
compiler=$2
shift 2
"$check" "$@"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
compile() {
    "$compiler" -x c -c -o "$place/sample.o" -
}

# breach WORD: what is on standard input is refused for one thing, which is named.
breach() {
    local seen status=0
    compile
    seen=$("$check" "$place/sample.o") || status=$?
    if [ "$status" != 1 ] || [ "$(grep -c . <<<"$seen")" != 1 ] || [[ $seen != *"'$1"* ]]; then
        printf 'wanted one line for %s, saw status %s and:\n%s\n' "$1" "$status" "$seen"
        exit 1
    fi
}

compile <<<'static const char *const names[] = {"a", "b"}; const char *name(int i) { return names[i]; }'
"$check" "$place/sample.o"
breach zeros <<<'static int zeros[4]; int next(void) { return ++zeros[0]; }'
breach made <<<'static const int *made; const int *keep(const int *n) { return made ? made : (made = n); }'
breach seen <<<'int next(void) { static int seen = 3; return ++seen; }'
breach shared <<<'int shared;'
breach depth <<<'static _Thread_local int depth; int down(void) { return ++depth; }'
breach start <<<'_Thread_local int start = 1;'
breach setlocale <<<'char *setlocale(int, const char *); void set(void) { setlocale(0, "C"); }'
breach getenv <<<'char *getenv(const char *); char *get(void) { return getenv("A"); }'
