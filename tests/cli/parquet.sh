# Parquet, read back by a reader of others: npm's hyparquet, pinned by its lock file. Every value must be
# that of the CSV export.
. "$(dirname "$0")/lib.bash"

for tool in node npm; do
    if ! command -v $tool >/dev/null; then
        echo "skipped: no $tool here, to read Parquet with"
        exit 77
    fi
done
cp "$WS_SOURCE_DIR"/tests/support/parquet/* .
if ! npm ci --no-audit --no-fund >npm.out 2>&1; then
    echo "skipped: npm cannot fetch hyparquet"
    tail -n 3 npm.out
    exit 77
fi
reads() { # reads ROWS-AND-GROUPS EXPORT-ARGUMENTS...: both forms of the export, compared
    local wanted=$1
    shift
    accepts export "$@" -o table.csv
    accepts export "$@" -o table.parquet
    node compare.js table.parquet table.csv >read.out 2>&1 || fail "'$*': $(cat read.out)"
    grep -qF -e "$wanted" read.out || fail "'$*': wanted '$wanted', saw '$(cat read.out)'"
}

# More rows than a row group holds, values of either sign, that are not finite, and texts to be quoted
cat >many.yaml <<'END'
family: gaussian
policies: [replace, accumulate-subsample]
items: [2, 9]
estimator: [mle, unbiased]
generations: 120
seeds: 40
END
accepts run many.yaml -q -o many
reads "BYTE_ARRAY,INT64,INT64,BYTE_ARRAY,BYTE_ARRAY,INT64,DOUBLE,DOUBLE,BYTE_ARRAY,INT64,BYTE_ARRAY" many
check "several groups" grep -qE ' in [2-9] groups ' read.out
reads "DOUBLE,BYTE_ARRAY,INT64,BYTE_ARRAY" many --summary
cat >text.yaml <<'END'
family: ngram
source: text
corpus: corpus.txt
block: 5
items: 20
test_items: 5
policies: [replace]
generations: 3
seeds: 2
END
make_corpus 2000 >corpus.txt
accepts run text.yaml -q -o text
reads "1 groups of BYTE_ARRAY,INT64,INT64,BYTE_ARRAY,BYTE_ARRAY,INT64,DOUBLE" text
reads "DOUBLE" text --summary
# A pipe is written as a file is.
"$ws" export text -f parquet | cat >piped.parquet
accepts export text -o text.parquet
check "through a pipe" cmp text.parquet piped.parquet

finish
