# The report of a run, opened in a browser.
. "$(dirname "$0")/lib.bash"

# Names and texts that would break out of a page that does not escape them.
mkdir "a 'run' <b>\"here\""
run="a 'run' <b>\"here\""
awk 'BEGIN {
    for (i = 0; i < 6000; i++)
        printf "%s ", i % 7 == 0 ? "</script><script>alert(1)</script>" : i % 11 == 0 ? "<img/src=x/onerror=alert(2)>" : "word" i % 97
}' >corpus.txt
cat >hostile.yaml <<'END'
title: "<script>alert(3)</script> & \"quotes\" {{data}}"
family: ngram
source: text
corpus: corpus.txt
unit: bytes
order: 2
block: 200
items: 40
test_items: 10
policies: [replace, keep:0.5, accumulate]
generations: 6
seeds: 3
END
accepts run hostile.yaml -q -o "$run/hostile"
accepts report "$run/hostile" -o "$run/report.html"
accepts export "$run/hostile" --summary -o summary.csv
browse report_opens.js "$run/report.html" summary.csv
browse report_is_harmless.js "$run/report.html"

# One seed, and sample sizes that must not share an axis
cat >gaussian.yaml <<'END'
family: gaussian
policies: [replace, accumulate]
items: 10
generations: 40
seeds: 1
END
accepts run gaussian.yaml -q -o one
accepts report one -o one.html
browse report_of_one_seed.js one.html

# Profile and theory take seeds.
accepts run gaussian.yaml -q -o many --set seeds=20
accepts report one many -o two.html
browse report_of_two.js two.html

# Values that are not finite, and metrics that only one of two runs has
printf '%s\n' 'family: gaussian' 'policies: replace' 'items: 2' 'generations: 300' 'seeds: 1' >narrow.yaml
printf '%s\n' 'family: discrete' 'source: zipf' 'types: 20' 'items: 5' 'policies: replace' 'generations: 12' 'seeds: 1' \
    >few.yaml
accepts run narrow.yaml -q -o narrow
accepts run few.yaml -q -o few
accepts report narrow few -o not-finite.html
browse report_not_finite.js not-finite.html

# Of more than four runs what is said of each is folded.
for run in 2 3 4 5; do cp -r one "one-$run"; done
accepts report one one-2 one-3 one-4 one-5 -o five.html

# Sixteen arms, whose profile is wider than paper
accepts run gaussian.yaml -q -o arms --set generations=4 --set seeds=6 --set 'items=[10, 20, 40, 80]' \
    --set policies=replace,keep:0.1,accumulate
accepts report arms -o arms.html
if command -v pdftotext >/dev/null; then
    browse report_prints.js arms.html
    browse report_unfolds.js five.html
else
    echo "skipped: what is printed (no pdftotext here)"
fi

finish
