wrong=0
for left in desk/*.tmp desk/old; do
    if [[ -e $left ]]; then
        echo "$left is still there."
        wrong=1
    fi
done
for kept in desk/plan.tmpl desk/.shopping-list desk/letter.txt; do
    if [[ ! -e $kept ]]; then
        echo "$kept should have stayed. A reset of the lab brings it back, with the rest of the mess."
        wrong=1
    fi
done
((wrong == 0)) && echo "A clean desk, and nothing lost."
exit "$wrong"
