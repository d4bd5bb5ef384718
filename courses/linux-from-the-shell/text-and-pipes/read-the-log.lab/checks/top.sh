file=answers/top.txt
if [[ ! -s $file ]]; then
    echo "$file isn't there, or is empty."
    exit 1
fi
right=$(awk '{ n[$7]++ } END { for (p in n) print n[p], p }' logs/access.log | sort -rn | head -n 3 | cut -d ' ' -f 2)
if [[ $(head -c 500 "$file") == "$right" ]]; then
    echo "These three it is."
    exit 0
fi
if grep -q '^ *[0-9]' "$file"; then
    echo "The counts are still in $file; only the paths should be there."
elif [[ $(sort "$file") == "$(sort <<< "$right")" ]]; then
    echo "The right three, but not in the right order: the most wanted comes first."
else
    echo "$file doesn't hold the three most wanted paths, one a line."
fi
exit 1
