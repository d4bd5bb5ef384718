if [[ ! -x bin/backup ]]; then
    echo "bin/backup isn't there, or isn't executable."
    exit 1
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/some where/my papers/deep"
echo one > "$work/some where/my papers/first page.txt"
echo two > "$work/some where/my papers/deep/second"
before=$(date +%F)
message=$(bin/backup "$work/some where/my papers" "$work/to/here" 2>&1 < /dev/null | head -c 500)
archive=$work/to/here/my\ papers-$before.tar.gz
[[ -e $archive ]] || archive=$work/to/here/my\ papers-$(date +%F).tar.gz
if [[ ! -e $archive ]]; then
    echo "After bin/backup '.../my papers' '.../to/here' there is no '.../to/here/my papers-$before.tar.gz'."
    [[ -n $message ]] && echo "It said: $message"
    exit 1
fi
mkdir "$work/out"
if ! tar -xzf "$archive" -C "$work/out" 2> /dev/null; then
    echo "The archive can't be unpacked with tar -xzf."
    exit 1
fi
# Not with diff: not every machine has it.
papers=$work/out/my\ papers
if [[ $(head -c 9 "$papers/first page.txt" 2> /dev/null) != one || $(head -c 9 "$papers/deep/second" 2> /dev/null) != two ]]; then
    echo "Unpacked, the archive doesn't give the folder 'my papers' with all that was in it. It holds:"
    tar -tzf "$archive" | head -n 4
    exit 1
fi
echo "Packed, named and complete. You could rely on it."
