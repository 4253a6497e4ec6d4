# Vectors from tables of text, NumPy's arrays and generators: runs, what is refused and with which
# exit status, and that a run whose file has changed is not taken up.
. "$(dirname "$0")/lib.bash"

# make_csv ROWS: two columns of numbers, under a header, and one of text.
make_csv() {
    awk -v rows="$1" 'BEGIN {
        state = 1
        print "height,\"note, if any\",width"
        for (i = 0; i < rows; i++) {
            state = (state * 16807) % 2147483647
            height = state / 2147483647
            state = (state * 16807) % 2147483647
            printf "%.17g,\"row %d, \"\"so\"\"\",%.17g\n", height, i, state / 2147483647
        }
    }'
}

# make_npy <NUMBERS: an array of one dimension, of the bytes that are given
make_npy() {
    cat >numbers
    local count header
    count=$(wc -c <numbers)
    header=$(printf "{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }" "$count")
    printf '\223NUMPY\001\000'
    printf "\\$(printf %03o ${#header})\\000%s" "$header"
    cat numbers
}

make_csv 200 >data.csv
cat >csv.yaml <<'END'
family: gaussian
source: csv
corpus: data.csv
columns: [height, 3]
items: 60
test_items: 40
fresh_items: 80
policies: [replace, keep:0.5, fresh:0.1]
generations: 5
seeds: 2
END

# A run, and its inputs
accepts run csv.yaml -q -o csv
check "every step is measured on rows that were held out" test \
    "$(records csv | grep -c '"metric":"test_nll","definition":"nll.reference/1","n":40,')" = 40
check "no truth is known" test "$(records csv | grep -c truth)" = 0
check "the hash is noted" grep -q "\"corpus_sha256\": \"$(sha256sum data.csv | cut -c -64)\"" csv/run.json
check "the columns are noted" grep -q '"columns": "height,3"' csv/run.json
accepts plan csv.yaml

# The same numbers in another form are the same data.
sed -e '1d' -e 's/,"row \([0-9]*\), ""so""",/;\1;/' data.csv >plain.csv
accepts run csv.yaml -q -o plain --set corpus=plain.csv --set delimiter=semicolon --set columns=1,3
first_fit() {
    records "$1" | grep '"arm":"replace","seed":[0-9],"generation":0,"metric":"test_nll"' | sort
}
check "another delimiter, and no header" cmp <(first_fit csv) <(first_fit plain)

# Stopped and taken up: as it was, from another place, raised, and not when the file has changed.
cp data.csv copy.csv
accepts run csv.yaml -q -o csv --set corpus=copy.csv
accepts run csv.yaml -q -o short --set generations=3
accepts run csv.yaml -q -o short
check "a run that was raised is the run" same_runs csv short
echo '1,,2' >>copy.csv
refuses 2 "'csv' was begun with the SHA-256 of 'corpus'" -- \
    run csv.yaml -q -o csv --set corpus=copy.csv
refuses 2 "'csv' was begun with columns=height,3, now it is columns=3" -- \
    run csv.yaml -q -o csv --set columns=3

# What is wrong inside a file is exit status 1, with its line; what is asked of it is 2.
sed '17s/,[^,]*$/,none/' data.csv >bad.csv
refuses 1 "bad.csv:17: column 3, 'width', is 'none', wanted a finite number" -- \
    run csv.yaml -q -o x --set corpus=bad.csv
sed '18s/$/,1/' data.csv >ragged.csv
refuses 1 "ragged.csv:18: 4 columns, wanted 3 as line 1 has" -- \
    run csv.yaml -q -o x --set corpus=ragged.csv
{ cat data.csv; echo '"'; } >open.csv
refuses 1 "open.csv:202: column 1 begins with a quote that is never closed" -- \
    plan csv.yaml --set corpus=open.csv
: >empty.csv
refuses 1 "'empty.csv' is empty, wanted rows of numbers" -- run csv.yaml -q -o x --set corpus=empty.csv
refuses 1 "cannot read 'missing.csv'" "corpus=PATH takes another" -- run csv.yaml -q -o x --set corpus=missing.csv
check "no word of the presets' novels" bash -c "! grep -q 'dev corpus' err"
refuses 1 "'.' is not a regular file" -- run csv.yaml -q -o x --set corpus=.
refuses 2 --set "data.csv: 'columns' has 'hieght'" "did you mean 'height'?" -- \
    run csv.yaml -q -o x --set columns=hieght
refuses 2 --set "data.csv: 'columns' has '4', wanted numbers from 1 to 3, or names" -- \
    run csv.yaml -q -o x --set columns=4
refuses 2 --set "corpus 'data.csv' has 200 rows" "items=100" "need 220" -- \
    run csv.yaml -q -o x --set items=100
grep -v '^corpus' csv.yaml >none.yaml
refuses 2 "none.yaml: 'corpus' is missing, wanted a file" -- run none.yaml -q -o x
refuses 2 --set "'delimiter' has no meaning for source 'npy'" -- \
    run csv.yaml -q -o x --set source=npy --set delimiter=tab
refuses 2 --set "'unit' has no meaning for source 'csv'" -- run csv.yaml -q -o x --set unit=bytes
refuses 2 "family 'discrete' takes" "source 'csv' gives vectors" -- \
    run csv.yaml -q -o x --set family=discrete

# Arrays
head -c 90 data.csv | make_npy >data.npy
sed -e 's/csv/npy/' -e '/^columns/d' -e 's/^items.*/items: 30/' -e 's/^test_i.*/test_items: 20/' \
    -e 's/^fresh_i.*/fresh_items: 40/' csv.yaml >npy.yaml
accepts run npy.yaml -q -o npy
check "the hash of the array" grep -q "\"corpus_sha256\": \"$(sha256sum data.npy | cut -c -64)\"" npy/run.json
accepts run npy.yaml -q -o npy
head -c 95 data.npy >cut.npy
refuses 1 "cut.npy: " "bytes behind the header, wanted 90 x 1 numbers of 1" -- \
    run npy.yaml -q -o x --set corpus=cut.npy
refuses 1 "data.csv: no .npy file" -- run npy.yaml -q -o x --set corpus=data.csv
tail -c 90 data.csv | make_npy >other.npy
refuses 2 "'npy' was begun with the SHA-256 of 'corpus'" -- \
    run npy.yaml -q -o npy --set corpus=other.npy

# Generators
cat >law.yaml <<'END'
family: gaussian
items: 50
test_items: 20
policies: [replace, fresh:0.2]
generations: 3
seeds: 2
END
for law in blobs grid moons circles swiss-roll; do
    accepts run law.yaml -q -o "$law" --set source=$law --set threads=1
    check "$law: compared with the truth's moments" grep -q '"metric":"mean_error_squared"' \
        <(records "$law")
    check "$law: which is no Gaussian" test "$(records "$law" | grep -c w2_squared)" = 0
    accepts run law.yaml -q -o "$law-again" --set source=$law --set threads=2
    check "$law: the same for any number of threads" same_runs "$law" "$law-again"
done
check "defaults of their own" grep -q '"dimension": "2"' blobs/run.json
check "defaults of their own" grep -q '"std": "0.05"' grid/run.json
accepts run law.yaml -q -o one --set source=blobs --set 'centers=0 0'
check "one blob is a Gaussian" grep -q '"metric":"w2_squared"' <(records one)
check "what has no meaning is not noted" test "$(grep -cE '"(blobs|box|dimension)":' one/run.json)" = 0
refuses 2 --set "'box' has no meaning beside 'centers'" -- \
    run law.yaml -q -o x --set source=blobs --set 'centers=0 0' --set box=2
refuses 2 --set "center 2 is '1 x', wanted numbers separated by blanks" -- \
    run law.yaml -q -o x --set source=blobs --set 'centers=0 0,1 x'
refuses 2 --set "'dimension' is '4', wanted 3, or 2 for a roll without its height" -- \
    run law.yaml -q -o x --set source=swiss-roll --set dimension=4
refuses 2 --set "5000000000 items of 2 numbers each, wanted at most 2^32 numbers" -- \
    run law.yaml -q -o x --set source=moons --set items=5000000000
refuses 2 --set "'noise' has no meaning for source 'grid'" -- \
    run law.yaml -q -o x --set source=grid --set noise=1
finish
