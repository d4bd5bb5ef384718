if [[ ! -x bin/greet ]]; then
    echo "bin/greet isn't there, or isn't executable."
    exit 1
fi
try() {
    local status=0 complaint output
    output=$(bin/greet "$@" 2> /dev/null < /dev/null) || status=$?
    complaint=$(bin/greet "$@" 2>&1 > /dev/null < /dev/null)
    if ((status != 2)); then
        echo "With $# arguments it ends with the status $status; it should be 2."
        exit 1
    elif [[ -n $output ]]; then
        echo "With $# arguments it prints to stdout; the message belongs to stderr."
        exit 1
    elif [[ -z $complaint ]]; then
        echo "With $# arguments it doesn't say on stderr how to use it."
        exit 1
    fi
}
try
try Ada Lovelace
echo "It knows what it wants."
