file=answers/not-found.log
if [[ ! -s $file ]]; then
    echo "$file isn't there, or is empty."
    exit 1
fi
if awk '$9 == 404' logs/access.log | cmp -s - "$file"; then
    echo "Each 404, and nothing but 404."
    exit 0
fi
strangers=$(awk '$9 != 404' "$file" | wc -l)
if ((strangers > 0)); then
    echo "$strangers lines of $file have another status than 404, for example:"
    awk '$9 != 404' "$file" | head -n 1 | head -c 300
else
    echo "$file has $(wc -l < "$file") lines; some requests with the status 404 are missing, or come twice or in another order."
fi
exit 1
