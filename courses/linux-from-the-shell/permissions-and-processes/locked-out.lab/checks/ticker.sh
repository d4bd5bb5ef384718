if [[ ! -s .ticker.pid ]]; then
    echo "The ticker hasn't been started yet."
    exit 1
fi
pid=$(head -c 20 .ticker.pid)
if ps -o args= -p "$pid" 2> /dev/null | grep -q ticker; then
    echo "The ticker is still running."
    exit 1
fi
if ! tail -n 1 ticker.log | grep -q "tidied up"; then
    echo "The ticker is gone, but it had no time to tidy up. Start it again, and end it with a plain kill."
    exit 1
fi
echo "It ended as a program should."
