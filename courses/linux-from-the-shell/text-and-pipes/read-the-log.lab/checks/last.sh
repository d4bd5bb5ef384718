file=answers/last.txt
if [[ ! -s $file ]]; then
    echo "$file isn't there, or is empty."
    exit 1
fi
if ! tail -n 5 logs/access.log | cmp -s - "$file"; then
    echo "$file has $(wc -l < "$file") lines. They aren't the last five of the log, in their order."
    exit 1
fi
echo "The last five, as they are."
