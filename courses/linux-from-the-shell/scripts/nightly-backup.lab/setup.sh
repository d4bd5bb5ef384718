# Something to rename and something to back up.
set -eu
mkdir -p bin pictures documents/letters
for name in beach "red roof" "two  spaces" sunset; do
    echo "picture of $name" > "pictures/$name.jpeg"
done
echo "not a photo" > pictures/list.txt
echo "Dear Sir or Madam" > "documents/letters/to whom it may concern.txt"
echo "1,2,3" > documents/table.csv
