wrong=0
for number in 1 2 3 4 5 6; do
    photo=photo-$number.jpg
    if [[ -e desk/$photo ]]; then
        echo "desk/$photo is still on the desk."
        wrong=1
    elif [[ $(cat "desk/photos/$photo" 2> /dev/null) != "picture $number" ]]; then
        echo "desk/photos/$photo is missing, or isn't the picture that it was."
        wrong=1
    fi
done
((wrong == 0)) && echo "All six photos are in their place."
exit "$wrong"
