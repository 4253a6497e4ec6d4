# What the tests of whole runs on a GPU share. Source it with the program's path as the first argument: it does what
# tests/cli/lib.bash does, and `ws` is then a copy of the program beside a GPU that is played on the CPU, in the
# place of the module. run.yaml is a tiny transformer on it, but for its policies and how long it is trained.

. "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.bash"

if [ -z "${WS_EMULATED_GPU:-}" ]; then
    echo "skipped: no GPU is played on the CPU here (no C++ compiler, or a build with sanitizers)"
    exit 77
fi
mkdir with
cp "$ws" with/wellspring
mpi_module=$(dirname "$ws")/wellspring-mpi.so
[ ! -e "$mpi_module" ] || cp "$mpi_module" with
ln -s "$WS_EMULATED_GPU" with/wellspring-cuda.so
ws=$place/with/wellspring

make_corpus 800 >corpus.txt
cat >run.yaml <<'END'
family: transformer
source: text
corpus: corpus.txt
unit: bytes
block: 8
items: 8
test_items: 4
context: 8
layers: 1
width: 16
heads: 2
epochs: 2
policies: replace
seeds: 1
threads: 1
device: cuda
END
