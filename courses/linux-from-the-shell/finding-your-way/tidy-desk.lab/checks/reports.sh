wrong=0
for year in 2025 2026; do
    report="report $year.txt"
    if [[ -e desk/$report ]]; then
        echo "desk/$report is still on the desk."
        wrong=1
    elif [[ $(cat "desk/texts/$year/$report" 2> /dev/null) != "What happened in $year" ]]; then
        echo "desk/texts/$year/$report is missing, or isn't what it was."
        wrong=1
    fi
done
((wrong == 0)) && echo "Both reports are in their year."
exit "$wrong"
