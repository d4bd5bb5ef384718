# Lay out the desk. Runs once in an empty home.
set -eu
mkdir -p desk/old/older/oldest
cd desk
for number in 1 2 3 4 5 6; do
    echo "picture $number" > "photo-$number.jpg"
done
for year in 2025 2026; do
    echo "What happened in $year" > "report $year.txt"
done
echo "Dear aunt Edith, thank you for the socks." > letter.txt
echo "Call the plumber." > ntoes.txt
printf '%s\n' bread milk "a birthday cake" > .shopping-list
for name in cache draft~1 session; do
    echo rubbish > "$name.tmp"
done
echo "Template for next year's plan" > plan.tmpl
echo dust > old/dust.txt
echo more dust > old/older/dust.txt
echo ancient dust > old/older/oldest/dust.txt
