# bench/gpu.sh as far as it goes without a GPU: what it says then, and with an nvidia-smi that lies, its
# slices, their time, what it remembers, and its table.
. "$(dirname "$0")/lib.bash"

mkdir -p bundle/{bin,bench} lies
ln -s "$ws" bundle/bin/wellspring
cp "$WS_SOURCE_DIR/bench/gpu.sh" bundle/bench
echo 0123abc >bundle/commit
printf '#!/bin/sh\necho "NVIDIA H100 80GB HBM3"\n' >lies/nvidia-smi
chmod +x lies/nvidia-smi

ends() { # ends STATUS WORDS -- ARGUMENT...: of the script; its output in out
    local wanted=$1 words=$2 status
    shift 3
    bundle/bench/gpu.sh "$@" >out 2>&1
    status=$?
    if [ "$status" -ne "$wanted" ] || ! grep -qF -e "$words" out; then
        fail "'gpu.sh $*' ended with $status, wanted $wanted and \"$words\" in"
        sed 's/^/    /' out
    fi
}

ends 0 'bench/gpu.sh [OPTION...] [SLICE...]' -- --help
ends 1 "there is no option '-x'" -- -x
ends 1 '-s wants a value' -- -s
if ! command -v nvidia-smi >/dev/null; then
    ends 77 'there is no NVIDIA GPU here' --
fi

export PATH=$place/lies:$PATH WELLSPRING_CUBLASLT=none
ends 1 "there is no slice 'train'" -- train
ends 75 'stopped before base: ' -- -s 10
[ ! -e bench ] || fail "nothing was measured, and there are results"

# There is no module, so nothing can be measured; what failed is not done.
ends 1 'train-512x64 failed with ' -- train-512x64
[ ! -e runs/gpu/done ] || fail "what failed is done"
ends 1 'the slice' -- nature-1
ends 0 'skipped: compute-sanitizer' -- sanitize
check "what was done is remembered" grep -qx sanitize runs/gpu/done
ends 1 "no wiki.train.tokens and wiki.valid.tokens in 'nowhere'" -- -t nowhere sanitize

# The last of each counts; of seconds the fewer are the better.
cat >results.csv <<'END'
date,machine,commit,work,program,value,unit
2026-11-01,GPU,a,train,wellspring,100,tokens/s
2026-11-01,GPU,a,train,PyTorch,50,tokens/s
2026-11-02,GPU,b,train,wellspring,200,tokens/s
2026-11-02,GPU,b,train,other,100,tokens/s
2026-11-02,GPU,b,arm,wellspring,20.00,s
2026-11-02,GPU,b,arm,PyTorch,50.00,s
2026-11-02,GPU,b,alone,wellspring,3,s
END
bundle/bench/gpu.sh --table -o results.csv >out
diff - out <<'END' || fail "the table is another"
work,ours,unit,peer,of peer,ours over peer
train,200,tokens/s,PyTorch,50,4.00
train,200,tokens/s,other,100,2.00
arm,20.00,s,PyTorch,50.00,2.50
alone,3,s,,,
END
finish
