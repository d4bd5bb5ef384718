if [[ ! -x bin/backup ]]; then
    echo "bin/backup isn't there, or isn't executable."
    exit 1
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
if bin/backup "$work/missing" "$work/target" > "$work/out" 2> "$work/err" < /dev/null; then
    echo "The source is missing, but the script ends with the status 0, as if all were well."
    exit 1
fi
if [[ ! -s $work/err ]]; then
    echo "The source is missing, and the script fails without a word on stderr."
    exit 1
fi
if [[ -e $work/target ]]; then
    echo "The source is missing, but the target was made all the same."
    exit 1
fi
echo "It fails as one should: early, loudly, and without a trace."
