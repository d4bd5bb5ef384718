file=answers/requests.txt
if [[ ! -s $file ]]; then
    echo "$file isn't there, or is empty."
    exit 1
fi
if [[ $(head -c 100 "$file" | tr -d '[:space:]') != "$(wc -l < logs/access.log | tr -d ' ')" ]]; then
    echo "$file says: $(head -c 100 "$file")"
    echo "That isn't the number of lines of logs/access.log, or not that alone."
    exit 1
fi
echo "Right, so many they are."
