# Figures of runs.
. "$(dirname "$0")/lib.bash"

printf '%s\n' 'title: <b>a & b</b> "quoted"' 'family: discrete' 'source: zipf' 'types: 100' \
    'items: 100' 'test_items: 100' 'policies: [replace, keep:0.1]' 'generations: 4' \
    'seeds: 3' >small.yaml
accepts run small.yaml -q -o run

kind_of() { # the first bytes of a file
    head -c "$2" "$1" | tail -c "$3"
}
for format in svg pdf png; do
    accepts plot run -o "figure.$format"
    accepts plot run -o "again.$format"
    check "the same bytes as $format" cmp "figure.$format" "again.$format"
done
check "an SVG" bash -c "head -n 3 figure.svg | grep -q '<svg '"
check "a PDF" test "$(kind_of figure.pdf 5 5)" = '%PDF-'
check "a PNG" test "$(kind_of figure.png 4 3)" = 'PNG'
check "no date" bash -c "! grep -aq 'CreationDate (D:20' figure.pdf"
accepts plot run -f svg
check "standard output" cmp out figure.svg
accepts plot run -f png --dpi 100 -o small.png
check "fewer dots are fewer bytes" test "$(wc -c <small.png)" -lt "$(wc -c <figure.png)"
check "the font is a part of it" bash -c "grep -aq DejaVuSans figure.pdf"

# Several metrics, arms and runs.
accepts plot run -m entropy,support_kept -w page -o several.svg
accepts plot run -a replace -o one.svg
check "fewer lines" test "$(wc -c <one.svg)" -lt "$(wc -c <figure.svg)"
cp -r run 'a<b>&"c"'
accepts plot run 'a<b>&"c"' -o two.svg
check "a name is no markup" bash -c "! grep -q 'a<b>' two.svg"
accepts run small.yaml -q -o more --set items=200
accepts plot run more -m support_kept -o unlike.svg
accepts run small.yaml -q -o vary --set policies=replace --set 'items=[50, 100, 200]'
accepts plot vary -k multiples -m entropy_mm -o multiples.svg

refuses 2 "which run" -- plot
refuses 1 "no run in 'nowhere'" -- plot nowhere -o x.svg
refuses 2 "--kind is 'metrik'" "did you mean 'metric'" -- plot run -k metrik -o x.svg
refuses 2 "no metric 'entropie'" "did you mean 'entropy'" -- plot run -m entropie -o x.svg
refuses 2 "no arm 'replac'" "did you mean 'replace'" -- plot run -a replac -o x.svg
refuses 2 "ends in no format" -- plot run -o x.gif
refuses 2 "--format is 'gif'" -- plot run -f gif
refuses 2 "--width is '1'" -- plot run -w 1 -o x.svg
refuses 2 "--dpi is 'fine'" -- plot run --dpi fine -o x.png
refuses 2 "--y is 'cubic'" -- plot run --y cubic -o x.png
refuses 1 "cannot write" -- plot run -o nowhere/x.svg
check "nothing is left of what failed" test ! -e x.svg

# A run that has not ended has nothing to draw.
rm more/summary
refuses 1 "no metrics yet" -- plot more -o x.svg

finish
