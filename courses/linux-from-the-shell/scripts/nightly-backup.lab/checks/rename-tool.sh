if [[ ! -x bin/fix-names ]]; then
    echo "bin/fix-names isn't there, or isn't executable."
    exit 1
fi
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/a folder"
for name in plain "with space" "two  spaces" "star*" "jpeg.jpeg in the middle"; do
    echo "$name" > "$folder/a folder/$name.jpeg"
done
echo other > "$folder/a folder/other.png"
bin/fix-names "$folder/a folder" > /dev/null 2>&1 < /dev/null
for name in plain "with space" "two  spaces" "star*" "jpeg.jpeg in the middle"; do
    if [[ $(cat "$folder/a folder/$name.jpg" 2> /dev/null) != "$name" ]]; then
        echo "In a folder of the check, '$name.jpeg' should have become '$name.jpg'. It didn't."
        exit 1
    fi
done
if [[ ! -e "$folder/a folder/other.png" ]]; then
    echo "A file that doesn't end in .jpeg should have been left alone."
    exit 1
fi
for left in pictures/*.jpeg; do
    if [[ -e $left ]]; then
        echo "The script works. Now use it on your pictures: $left still has its old name."
        exit 1
    fi
done
if [[ ! -e "pictures/two  spaces.jpg" ]]; then
    echo "The script works, but 'pictures/two  spaces.jpg' is missing. A reset brings the pictures back."
    exit 1
fi
echo "Every photo, spaces and all."
