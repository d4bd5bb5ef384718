page=site/index.html
if [[ ! -s $page ]]; then
    echo "$page isn't there, or is empty."
    exit 1
fi
while IFS= read -r line; do
    if ! grep -qF -- "$line" "$page"; then
        echo "The page doesn't say: $line"
        exit 1
    fi
done < material/hours.txt
echo "Nobody will stand before a closed door."
