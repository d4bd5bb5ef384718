copy=desk/texts/letter-copy.txt
if [[ ! -f $copy ]]; then
    echo "There is no $copy yet."
    exit 1
fi
if [[ ! -f desk/letter.txt ]]; then
    echo "The copy is there, but the letter itself has left the desk. Copy it back."
    exit 1
fi
if ! grep -q "Edith" "$copy" || ! cmp -s desk/letter.txt "$copy"; then
    echo "The letter and its copy differ."
    exit 1
fi
echo "Two letters, word for word the same."
