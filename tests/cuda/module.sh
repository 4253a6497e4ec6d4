# wellspring-cuda.so as it was built: it gives the program its two functions and nothing else, needs
# nothing that the program does not, and says what is missing where there is no GPU.
. "$(dirname "$0")/../cli/lib.bash"

module=$(dirname "$ws")/wellspring-cuda.so
if [ ! -e "$module" ]; then
    echo "skipped: built without CUDA (no nvcc, or a build with sanitizers)"
    exit 77
fi
exported() {
    nm -D --defined-only "$1" | awk '{print $3}' | sort | tr '\n' ' '
}
[ "$(exported "$module")" = "ws_cuda_module_look ws_cuda_module_open " ] ||
    fail "it exports $(exported "$module")"
check "nothing is undefined" test -z "$(ldd -r "$module" 2>&1 | grep 'undefined symbol')"
needed() {
    readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort
}
extra=$(comm -13 <(needed "$ws") <(needed "$module") |
    grep -vE '^(ld-linux.*|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so\.[0-9]+)$')
[ -z "$extra" ] || fail "it needs $extra, which the program does not"

runs train nothing.txt -o x -q --device cuda
if grep -q "'device' is 'cuda': there is no NVIDIA" err; then
    echo "no GPU here"
    says "'device' is 'cuda'"
    refuses 1 "'precision' is 'tf32'" "there is no NVIDIA" -- \
        train nothing.txt -o x -q --precision tf32
else
    says "nothing.txt" # so the GPU is fine
fi
finish
