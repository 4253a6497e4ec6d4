# A disk that fills and directories that cannot be written: exit status 1, one line that names the
# path and the reason, and nothing lost: with room the same command ends in the same bytes.
. "$(dirname "$0")/../cli/lib.bash"

cat >small.yaml <<'END'
family: discrete
source: zipf
types: 200
items: 300
policies: [replace, accumulate]
generations: 8
seeds: 2
threads: 2
checkpoint_seconds: 0
END
chmod 755 .
accepts run small.yaml -q -o straight
accepts run small.yaml -q -o short --generations 3

resumes() { # resumes RUN: with room
    accepts run small.yaml -q -o "$1"
    check "$1: interrupted by want of room, or straight on" same_runs straight "$1"
}

# The first limit that is too small is refused, whichever file it is.
if files_can_be_limited; then
    refused=0
    for kilobytes in 0 1 2 3 5 8 12 16 24 1024; do
        for begun in nothing short; do
            run=limit-$kilobytes-$begun
            [ $begun = nothing ] || cp -r short $run
            limited $kilobytes run small.yaml -q -o $run
            status=$?
            if [ $status -ne 0 ]; then
                [ $status -eq 1 ] || fail "$run ended with $status"
                says "'$run/" "File too large"
                refused=$((refused + 1))
            fi
            resumes $run
        done
    done
    echo "$refused runs met the file-size limit"
    [ $refused -ge 10 ] || fail "too few runs met the file-size limit"
    limited 1 export straight -o export.csv
    [ $? -eq 1 ] || fail "an export beyond the limit was fine"
    says "'export.csv'" "File too large"
    [ -z "$(ls -d export.csv* 2>check.out)" ] || fail "half an export was left"
else
    echo "skipped: file-size limits (ulimit -f is not permitted)"
fi

# A small file system, in a mount namespace of its own that ends with the test. Ballast leaves little
# room on it, and is thrown out for the second try.
leave_bytes() {
    head -c $((1048576 - $1)) /dev/zero >disk/ballast
}
leave_files() {
    mkdir disk/ballast
    while touch disk/ballast/{1..20}.$RANDOM; do :; done 2>check.out
    ls -d disk/ballast/* | head -n "$1" | xargs rm
}
on_small_disks() {
    local refused=0 room
    mkdir disk
    for room in "bytes 4096" "bytes 8192" "bytes 12288" "bytes 20480" "bytes 28672" "bytes 40960" \
        "files 3" "files 5" "files 7" "files 9" "files 11"; do
        mount -t tmpfs -o size=1m,nr_inodes=100 none disk || return
        leave_${room% *} "${room#* }"
        runs run small.yaml -q -o disk/run
        local status=$?
        if [ $status -ne 0 ]; then
            [ $status -eq 1 ] || fail "a disk with room for $room: ended with $status"
            says "'disk/run" "No space left on device"
            refused=$((refused + 1))
        fi
        rm -r disk/ballast
        resumes disk/run
        umount disk
    done
    echo "$refused runs filled their disk"
    [ $refused -ge 8 ] || fail "too few runs filled their disk"
}
namespace=(unshare -m)
[ "$(id -u)" -eq 0 ] || namespace=(unshare -r -m)
if "${namespace[@]}" bash -c 'mkdir -p disk && mount -t tmpfs -o size=8k none disk' 2>check.out; then
    rmdir disk
    export -f on_small_disks leave_bytes leave_files resumes accepts runs refuses says fail check same_runs
    export ws
    "${namespace[@]}" bash -c 'failures=0; on_small_disks; exit $((failures > 0))' ||
        failures=$((failures + 1))
else
    echo "skipped: a small tmpfs ($(tail -n 1 check.out))"
fi

# Directories that may be read and not written. Root may write anywhere, so it steps down.
as_user=()
if [ "$(id -u)" -eq 0 ]; then
    as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
fi
cp "$ws" ./program # the user may not reach it where it lies
if ! "${as_user[@]}" ./program --version >check.out 2>&1; then
    echo "skipped: read-only directories (nobody to step down to)"
    finish
fi
mine() {
    [ ${#as_user[@]} -eq 0 ] || chown -R 65534:65534 "$1"
}
user_refused() { # user_refused WORDS... -- ARGUMENTS...
    local words=()
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    "${as_user[@]}" ./program "$@" >out 2>err
    local status=$?
    [ $status -eq 1 ] || fail "'$*' ended with $status"
    says "${words[@]}"
}
user_accepted() {
    "${as_user[@]}" ./program "$@" >out 2>err || { fail "'$*'"; cat err; }
    [ ! -s err ] || { fail "'$*' said"; cat err; }
}

mkdir locked
mine locked
chmod 555 locked
user_refused "'locked/run'" "Permission denied" -- run small.yaml -q -o locked/run
user_refused "'locked/x.csv'" "Permission denied" -- export straight -o locked/x.csv
[ -z "$(ls -A locked)" ] || fail "a read-only directory was written to"
chmod 755 locked
user_accepted run small.yaml -q -o locked/run
check "a directory that was read-only" same_runs straight locked/run

cp -r short whole
mine whole
find whole -type d -exec chmod 555 {} +
find whole -type f -exec chmod 444 {} +
user_refused "'whole/lock'" "Permission denied" -- run small.yaml -q -o whole
check "nothing was touched" diff -r short whole
find whole -type f -exec chmod 644 {} +
user_refused "'whole/run.json'" "Permission denied" -- run small.yaml -q -o whole
chmod -R u+w whole
chmod 555 whole/arms/accumulate
user_refused "'whole/arms/accumulate/seeds-1-64.checkpoint" "Permission denied" \
    "arm 'accumulate' seed 1" -- \
    run small.yaml -q -o whole
check "the other arms are complete" diff -r straight/arms/replace whole/arms/replace
chmod 755 whole/arms/accumulate
user_accepted run small.yaml -q -o whole
check "a run that was read-only" same_runs straight whole

finish
