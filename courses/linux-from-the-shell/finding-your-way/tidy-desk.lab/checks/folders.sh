missing=0
for folder in photos texts/2025 texts/2026; do
    if [[ ! -d desk/$folder ]]; then
        echo "There is no folder desk/$folder yet."
        missing=1
    fi
done
((missing == 0)) && echo "All three folders are there."
exit "$missing"
