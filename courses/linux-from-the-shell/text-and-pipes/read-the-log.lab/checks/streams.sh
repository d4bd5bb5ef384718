report=answers/report.txt warnings=answers/warnings.txt
for file in "$report" "$warnings"; do
    if [[ ! -s $file ]]; then
        echo "$file isn't there, or is empty."
        exit 1
    fi
done
if grep -q warning "$report"; then
    echo "There are warnings in $report."
    exit 1
fi
if ! grep -q "Requests today" "$report"; then
    echo "$report doesn't hold the report."
    exit 1
fi
if [[ $(grep -c '^warning' "$warnings") != 2 || $(wc -l < "$warnings") != 2 ]]; then
    echo "$warnings should hold the two warnings and nothing else."
    exit 1
fi
echo "Cleanly separated."
