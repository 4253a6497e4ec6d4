# The installed tree, in a place of its own: everything is there, the program needs nothing but it, and
# the program of docs/guides/embedding.md compiles against it and runs.
. "$WS_SOURCE_DIR/tests/cli/lib.bash"

build=$(dirname "$ws")
prefix=$place/prefix
cmake --install "$build" --prefix "$prefix" >installed.log 2>&1 || {
    cat installed.log
    fail "it cannot be installed"
    finish
}
# Compiler settings of the build that who links its library needs, too.
flags=()
if $sanitized; then flags=(-fsanitize=address,undefined); fi
version=$("$ws" --version | cut -d ' ' -f 2)
ws=$prefix/bin/wellspring

# Files ----------------------------------------------------------------------------------------------

is_there() {
    [ -s "$prefix/$1" ] || fail "no $1 was installed"
}
for command in $("$ws" --help | awk '/^  [a-z]+ / {print $1}'); do
    is_there "share/man/man1/wellspring-$command.1"
done
for file in share/man/man1/wellspring.1 share/man/man5/wellspring-experiment.5 \
    share/bash-completion/completions/wellspring share/zsh/site-functions/_wellspring \
    share/fish/vendor_completions.d/wellspring.fish include/wellspring/wellspring.h \
    share/doc/wellspring/{LICENSE,NOTICE,README.md,CHANGELOG.md,docs/guides/embedding.md}; do
    is_there "$file"
done
while IFS=: read -r page link; do
    [ "$link" = https ] || [ -e "$(dirname "$page")/$link" ] ||
        fail "$page links to $link, which was not installed"
done < <(grep -roE --include='*.md' '\]\([A-Za-z0-9_./-]+' "$prefix/share/doc" | sed 's/\](//')
if [ -e "$build/wellspring-cuda.so" ]; then
    check "the CUDA module is there" test -n "$(find "$prefix" -name wellspring-cuda.so)"
fi
check "the module that draws is there" test -n "$(find "$prefix" -name wellspring-figures.so)"
check "the changelog begins with this version and its date" \
    test "$(grep -m 1 '^## ' "$WS_SOURCE_DIR/CHANGELOG.md")" = \
    "## [$version] - $(awk '/^.TH/ {print $4}' "$prefix/share/man/man1/wellspring.1")"
check "no path of the build tree in a text" \
    test -z "$(grep -rlI "$build" "$prefix" --include='*.pc' --include='*.[15]' --include='*.h')"
DESTDIR=$place/staged cmake --install "$build" --prefix /usr >installed.log 2>&1 ||
    fail "it cannot be staged"
check "DESTDIR is kept to" test -x staged/usr/bin/wellspring
check "the same files are staged" diff <(cd prefix && find . | sort) <(cd staged/usr && find . | sort)
rm -r staged

# The program ----------------------------------------------------------------------------------------

check "LAPACK is a part of it, and none is loaded" \
    test -z "$(ldd "$ws" "$(find "$prefix" -name libwellspring.so)" | grep -E 'lapack|blas')"
for preset in "$prefix"/share/wellspring/presets/{,reproduce/}*.yaml; do
    check "the preset is the one in the program" \
        cmp "$preset" "$WS_SOURCE_DIR/presets/${preset#*/wellspring/presets/}"
done
rm -rf "$prefix/share/wellspring/corpus"
refuses 1 "quickstart:" "'build/corpus/austen.txt'" "--set corpus=PATH" -- run quickstart -q
make_corpus 400000 >corpus.txt
mkdir "$prefix/share/wellspring/corpus"
cp corpus.txt "$prefix/share/wellspring/corpus/austen.txt"
smaller=(--set generations=2 --set seeds=1 --set policies=replace --set items=50 --set fresh_items=50)
accepts run quickstart "${smaller[@]}" -q
accepts run quickstart "${smaller[@]}" -q -o named --set corpus=corpus.txt
check "the installed corpus is used" same_runs runs/quickstart named
if command -v zstd >/dev/null; then
    zstd -q --rm "$prefix/share/wellspring/corpus/austen.txt"
    accepts run quickstart "${smaller[@]}" -q -o packed
    check "a compressed one is, too" same_runs packed named
    zstd -q -d --rm "$prefix/share/wellspring/corpus/austen.txt.zst"
else
    echo "skipped: a compressed corpus (no zstd here)"
fi
accepts run "$prefix/share/wellspring/presets/quickstart.yaml" "${smaller[@]}" -q -o copied
check "and by presets that are copied" same_runs copied named
mkdir -p build/corpus
head -n 20000 corpus.txt >build/corpus/austen.txt
accepts run quickstart "${smaller[@]}" -q -o here
check "a source tree's corpus comes first" \
    test "$(grep corpus_sha256 here/run.json)" != "$(grep corpus_sha256 named/run.json)"
mv prefix moved
ws=$place/moved/bin/wellspring
rm -r build
accepts run quickstart "${smaller[@]}" -q -o after
check "the tree can be moved" same_runs after named
accepts plot after -o figure.svg
check "and draws" test -s figure.svg
module=$(find "$place/moved" -name wellspring-figures.so)
mv "$module" module
refuses 1 "wellspring-figures.so, which is not here" "copy the run" -- plot after -o none.svg
accepts plot after -o figure.tex
mv module "$module"
mv moved prefix
ws=$prefix/bin/wellspring

# The manual -----------------------------------------------------------------------------------------

if command -v mandoc >/dev/null; then
    for page in "$prefix"/share/man/man?/*; do
        check "mandoc reads it" mandoc -Tlint -W warning "$page"
    done
else
    echo "skipped: mandoc (not here)"
fi
for name in generations policies corpus learning_rate; do
    check "the setting $name has its lines" \
        grep -qxF "\\fB$name\\fR" "$prefix/share/man/man5/wellspring-experiment.5"
done
check "an option with a value" \
    grep -qxF '\fB\-o\fR, \fB\-\-output\fR \fIDIR\fR' "$prefix/share/man/man1/wellspring-run.1"

# Completions ----------------------------------------------------------------------------------------

# shellcheck source=/dev/null
. "$prefix/share/bash-completion/completions/wellspring"
compopt() { :; } # only there while bash completes

# completes WANTED WORDS...: the last word, which may be a part, has WANTED among its completions.
completes() {
    local wanted=$1
    shift
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _wellspring
    grep -qxF -e "$wanted" <(printf '%s\n' "${COMPREPLY[@]}") ||
        fail "'$*' does not complete to '$wanted' but to '${COMPREPLY[*]}'"
}
completes export wellspring ex
completes quickstart wellspring run qui
completes corpus.txt wellspring train corp
completes all wellspring reproduce a
completes gaussian wellspring reproduce gau
completes --tier wellspring reproduce --t
completes --output wellspring run --o
completes publish wellspring ledger pub
completes --issuers wellspring ledger add log --issu
completes serve wellspring witness se
completes --learning-rate wellspring train --learn
completes generations= wellspring run quickstart --set gen
completes false wellspring run quickstart --set control = f
completes gaussian wellspring run quickstart --set family =
if command -v zsh >/dev/null; then
    check "zsh reads it" zsh -n "$prefix/share/zsh/site-functions/_wellspring"
else
    echo "skipped: completions in zsh (not here)"
fi

# fish_offers LINE [WANTED...]: these completions and no others.
fish_offers() {
    local line=$1
    shift
    fish --no-config -c "source '$prefix/share/fish/vendor_completions.d/wellspring.fish'
        complete -C '$line'" 2>&1 | cut -f 1 >offered
    check "fish completes '$line'" diff <(printf '%s\n' "$@") offered
}
if command -v fish >/dev/null; then
    fish_offers 'wellspring ex' export
    fish_offers 'wellspring run qui' quickstart quickstart-lm
    fish_offers 'wellspring run quickstart --set control=' control=false control=true
    fish_offers 'wellspring ledger pub' publish
    fish_offers 'wellspring ledger add log --issu' --issuer --issuers
    # `serve` is a command, too, and has other options.
    fish_offers 'wellspring witness serve --' --help --listen --port
else
    echo "skipped: completions in fish (not here)"
fi

# The library ----------------------------------------------------------------------------------------

library=$(find "$prefix" -name libwellspring.so)
header=$prefix/include/wellspring/wellspring.h
check "the header declares what is exported, and nothing else is" diff \
    <(nm -D --defined-only "$library" | awk '{print $3}' | grep -v '^_' | sort) \
    <(grep -oE '\bwellspring_[a-z_]+\(' "$header" | tr -d '(' | sort)
PKG_CONFIG_PATH=$(dirname "$library")/pkgconfig
export PKG_CONFIG_PATH
check "pkg-config tells the version" test "$(pkg-config --modversion wellspring)" = "$version"
strict=(-Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror)
echo '#include <wellspring/wellspring.h>' >alone.c
# shellcheck disable=SC2046 # flags are words
check "the header stands alone" \
    "$WS_CC" -std=c99 "${strict[@]}" -fsyntax-only $(pkg-config --cflags wellspring) alone.c
sed -n '/^```c$/,/^```$/p' "$WS_SOURCE_DIR/docs/guides/embedding.md" | sed '1d;$d' >kinds.c
# shellcheck disable=SC2046
check "the guide's program compiles" "$WS_CC" -std=c17 "${strict[@]}" "${flags[@]}" kinds.c -o kinds \
    $(pkg-config --cflags --libs wellspring)
export LD_LIBRARY_PATH=${library%/*}
check "it runs" ./kinds kinds.run
./kinds kinds.run >kinds.out 2>kinds.err || fail "it does not run again"
sed -n '/^    replace /,/^    [0-9]* records/p' "$WS_SOURCE_DIR/docs/guides/embedding.md" |
    sed -e 's/^    //' -e 's/ in run$/ in kinds.run/' >kinds.told
check "it prints what the guide says" diff kinds.told kinds.out
accepts export kinds.run --summary
check "the program reads the library's run" grep -q '^replace,9,types,' out

finish
