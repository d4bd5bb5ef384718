set -eu
cd ~/desk
pwd > ~/where.txt
echo .shopping-list > ~/hidden.txt
mkdir -p photos texts/2025 texts/2026
mv ./*.jpg photos
mv "report 2025.txt" texts/2025
mv "report 2026.txt" texts/2026
cp letter.txt texts/letter-copy.txt
mv ntoes.txt notes.txt
rm ./*.tmp
rm -r old
