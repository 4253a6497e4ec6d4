# A vault whose writers are killed, again and again: what was acknowledged is there, and all of it is
# sound.
. "$(dirname "$0")/../cli/lib.bash"

kills=15
accepts vault init v
for ((i = 0; i < kills; i++)); do
    mkdir "in$i"
    for ((k = 0; k < 20; k++)); do
        printf 'item %s of %s\n' $k $i >"in$i/$k"
    done
    "$ws" vault add v "in$i" >"said$i" 2>/dev/null &
    writer=$!
    sleep "0.0$((i % 10))"
    kill -9 $writer 2>/dev/null
    wait $writer 2>/dev/null
    accepts vault verify v
    # The last lines are printed once all is on the disk.
    if grep -q '^Next:' "said$i"; then
        accepts vault add v "in$i"
        check "what was acknowledged" grep -q "^0 new (0 bytes), 0 known from elsewhere, 20 there" out
    fi
done
for ((i = 0; i < kills; i++)); do
    accepts vault add v "in$i"
done
accepts vault verify v
check "all of it" grep -q "^Sound: 'v': $((kills * 20)) items" out
check "no stray" test -z "$(grep 'have no record' out)"
finish
