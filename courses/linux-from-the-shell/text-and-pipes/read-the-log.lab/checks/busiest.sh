file=answers/busiest.txt
if [[ ! -s $file ]]; then
    echo "$file isn't there, or is empty."
    exit 1
fi
right=$(awk '{ n[$1]++ } END { for (a in n) if (n[a] > most) { most = n[a]; who = a }; print who }' logs/access.log)
if [[ $(head -c 200 "$file" | tr -d '[:space:]') != "$right" ]]; then
    echo "$file says: $(head -c 200 "$file")"
    echo "That isn't the busiest address, or not the address alone."
    exit 1
fi
echo "Caught: $right."
