if [[ ! -e hidden.txt ]]; then
    echo "There is no hidden.txt in your home folder yet."
    exit 1
fi
answer=$(tr -d '[:space:]' < hidden.txt | head -c 200)
case ${answer##*/} in
    .shopping-list) echo "Found it. There will be cake, it seems." ;;
    shopping-list) echo "Nearly: the dot belongs to the name."; exit 1 ;;
    *) echo "hidden.txt says: $answer. That isn't the hidden file of the desk."; exit 1 ;;
esac
