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
accepts plot run -o figure.tex
check "an axis, and what it wants" grep -q '^% Wants .*pgfplots' figure.tex
check "every environment ends" test "$(grep -c '^.begin{' figure.tex)" -eq "$(grep -c '^.end{' figure.tex)"
check "a title that LaTeX can print" grep -qF \
    '% Title: small: \textless{}b\textgreater{}a \& b\textless{}/b\textgreater{} \textquotedblright{}quoted' figure.tex
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

# What models make: one chain is run again, and a run stays as it was.
cp -r run before
accepts plot run -k distribution -o symbols.svg
accepts plot run -k zipf -g 0,3 -o zipf.svg
accepts plot run -k survival --seed 2 -a replace -o survival.svg
accepts plot run -k zipf -f tex
check "a logarithmic axis" grep -q 'ymode=log' out
accepts plot run -k zipf --y linear -f tex
check "a linear axis" bash -c "grep -q 'ymode=normal' out && ! grep -q 'ymode=log' out"
check "the run is as it was" diff -r run before
refuses 2 "--seed is 4" -- plot run -k zipf --seed 4 -o x.svg
refuses 2 "no generation '4' here, the last is 3" -- plot run -k zipf -g 4 -o x.svg
refuses 2 "does not ascend" -- plot run -k zipf -g 3,1 -o x.svg
refuses 2 "is of one run, not of 2" -- plot run vary -k zipf -o x.svg
refuses 1 "no perplexities of sequences" -- plot run -k perplexity -o x.svg
accepts plot run -k profile -o profile.svg
accepts run small.yaml -q -o sixteen --set 'items=[20, 30, 40, 50, 60, 70, 80]' --set generations=2 --set seeds=6
accepts plot sixteen -k profile -o many.tex
check "arms that have no room are named" grep -q 'Caption: .*Not shown: .*control items=80\.' many.tex
accepts plot sixteen -k profile -w column -o narrow.tex
check "names wrap in TikZ too" grep -qF '{3. asymptotically\\' narrow.tex
arms_in() { # how many a profile shows
    grep -c '^.node at (axis cs:[0-9]*,0)' "$1"
}
check "fewer arms have room in a column" test "$(arms_in narrow.tex)" -lt "$(arms_in many.tex)"
refuses 2 "have no room at this width" -- plot sixteen -k profile -w 2 -o x.svg \
    -a 'replace items=20;replace items=30;replace items=40;replace items=50;replace items=60;replace items=70;keep:0.1 items=20;keep:0.1 items=30;keep:0.1 items=40;keep:0.1 items=50;keep:0.1 items=60'
accepts run small.yaml -q -o controls --set policies=replace --set 'test_items=[100, 101]' --set generations=2
accepts plot controls -m entropy_mm -o controls.tex
grep -B 1 'anchor=west' controls.tex | sed -n 's/ ([0-9].*//p' | grep draw >samples
check "of several controls no two look alike" test -z "$(sort samples | uniq -d)"
accepts plot run -k theory -o theory.svg

printf '%s\n' 'family: gmm' 'source: grid' 'side: 2' 'components: 4' 'items: 60' \
    'test_items: 60' 'policies: [replace, keep:0.5]' 'generations: 3' 'seeds: 2' >mixture.yaml
accepts run mixture.yaml -q -o mixture
accepts plot mixture -k distribution -o mixture.svg
refuses 1 "vectors have no types" -- plot mixture -k zipf -o x.svg
printf '%s\n' 'family: gaussian' 'items: 50' 'generations: 3' 'seeds: 2' >line.yaml
accepts run line.yaml -q -o line
accepts plot run line -m entropy_mm -o some.tex
check "runs without the metric are named" grep -q 'Caption: entropy.*, none of line\. Median' some.tex
accepts plot line -k distribution -o line.svg
accepts plot line -k distribution -o lines.tex
accepts plot line -k theory -a replace -o forms.tex
accepts run line.yaml -q -o alone --set seeds=1
accepts plot alone -k theory -a replace -o alone.tex
check "one seed has no errors" bash -c "grep -q 'Caption: .*Numbers of one seed' alone.tex && ! grep -q 'no number' alone.tex"
check "all there is of one arm" bash -c "! grep -q 'Not shown' forms.tex"
accepts run gaussian -q -o arms --set generations=3 --set seeds=2
accepts plot arms -k theory -o arms.tex
check "arms that have no room are named" grep -q 'Caption: .*Not shown: control\.' arms.tex
refuses 2 "12 at most" "--arm" -- plot arms -k theory -a 'replace;keep:0.1;accumulate;fresh:0.1;control' -o x.svg
grep -B 1 'anchor=west' forms.tex | sed -n 's/ ([0-9].*//p' | grep draw >samples
check "forms of several kinds, and a measured one" test "$(wc -l <samples)" -ge 3
check "no two of them look alike" test -z "$(sort samples | uniq -d)"
shades=$(grep -o 'dash pattern=[^]]*' lines.tex | sort -u | wc -l)
check "generations have lines of their own" test "$shades" -eq 2
refuses 1 "no closed form is known for" -- plot mixture -k theory -o x.svg

# Shares of errors, from the runs that 'attribute' left.
refuses 2 "'attribute RUN --runs DIR' makes these" -- plot mixture -k attribution -o x.svg
refuses 1 "makes them" -- plot mixture -k attribution --runs nowhere -o x.svg
accepts attribute mixture --runs parts -m test_nll -q
accepts plot mixture -k attribution --runs parts -m test_nll -o shares.svg
refuses 2 "--factor is '1'" -- plot mixture -k attribution --runs parts --factor 1 -o x.svg

# Every caption has the sample's size.
states_size() { # states_size SIZE ARGUMENTS...: of a figure
    local size=$1
    shift
    accepts plot "$@" -o caption.tex
    check "the size, of $*" grep -qE "^% Caption: .*n~=~$size( |[.,;~]|$)" caption.tex
}
states_size 100 run
states_size 100 run -k profile
states_size 100 run -k theory
states_size 100 run -k distribution
states_size 100 run -k zipf
states_size 100 run -k survival
states_size "50 to 200" vary -k multiples -m entropy_mm
states_size 600 mixture -k distribution
states_size 50 line -k distribution
accepts run line.yaml -q -o lines --set 'items=[20, 40]'
states_size "20 to 40" lines -k distribution
states_size "50 to 200" vary -k zipf
states_size 60 mixture -k attribution --runs parts -m test_nll

make_corpus 6000 >corpus.txt
printf '%s\n' 'family: ngram' 'source: text' 'corpus: corpus.txt' 'block: 50' 'items: 40' \
    'test_items: 20' 'fresh_items: 40' 'policies: [replace]' 'generations: 3' >text.yaml
accepts run text.yaml -q -o text
accepts plot text -k perplexity -o perplexity.svg
accepts plot text -k survival -o survival.svg
states_size 40 text -k perplexity
refuses 1 "'--kind zipf'" -- plot text -k distribution -o x.svg
echo more >>corpus.txt
refuses 2 "corpus" -- plot text -k zipf -o x.svg

# What a kind has no use for is not passed over.
refuses 2 "--generations is '0,3', but the kind 'metric' has no use for it" -- plot run -g 0,3 -o x.svg
refuses 2 "--seed is '2'" -- plot run -k theory --seed 2 -o x.svg
refuses 2 "--y is 'log'" -- plot run -k profile --y log -o x.svg
refuses 2 "--metric is 'entropy'" -- plot run -k zipf -m entropy -o x.svg
refuses 2 "--runs is 'parts'" -- plot run --runs parts -o x.svg

refuses 2 "plot: which run" -- plot
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

# Damaged records of one arm take it out of the profile, and no other.
accepts run small.yaml -q -o torn --set seeds=6
accepts plot torn -k profile -o whole.tex
truncate -s 300 torn/arms/replace/seeds-1-64.checkpoint
runs plot torn -k profile -o torn.tex || fail "one arm's damage stopped the others: $(cat err)"
says "left out arm 'replace'" "torn/arms/replace/seeds-1-64.checkpoint" "hash"
check "the caption names it" grep -q '^% Caption: .*Left out: replace, whose records are damaged\.' torn.tex
runs profile torn || fail "one arm's damage stopped the others: $(cat err)"
says "left out arm 'replace'"
check "the others are told" grep -q '^keep:0.1 ' out

# A run that has not ended has nothing to draw.
rm more/summary
refuses 1 "no metrics yet" -- plot more -o x.svg

finish
