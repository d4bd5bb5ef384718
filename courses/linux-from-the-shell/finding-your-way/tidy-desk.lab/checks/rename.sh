if [[ -e desk/ntoes.txt ]]; then
    echo "desk/ntoes.txt is still there. A rename leaves nothing behind; did you copy it?"
    exit 1
fi
if [[ $(cat desk/notes.txt 2> /dev/null) != "Call the plumber." ]]; then
    echo "desk/notes.txt isn't there, or doesn't hold the notes."
    exit 1
fi
echo "Much better."
