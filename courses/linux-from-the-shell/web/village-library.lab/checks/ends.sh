# Print the answer of the server on a port for a path; fail where nobody listens.
get() (
    { exec 3<> "/dev/tcp/127.0.0.1/$1"; } 2> /dev/null || exit 1
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
    timeout 5 head -c 100000 <&3 | tr -d '\000'
)
if [[ ! -x bin/serve ]]; then
    echo "bin/serve isn't there, or isn't executable."
    exit 1
fi
work=$(mktemp -d) || exit 1
port=$((20000 + RANDOM % 20000))
(cd "$work" && exec setsid "$HOME/bin/serve" "$port") > "$work/said" 2>&1 < /dev/null &
server=$!
# Whatever it has started ends with the check.
trap 'kill -KILL -- "-$server" 2> /dev/null; rm -rf "$work"' EXIT
answer=
for _ in {1..50}; do
    answer=$(get "$port" /) && break
    kill -0 "$server" 2> /dev/null || break
    sleep 0.1
done
if [[ -z $answer ]]; then
    echo "After 'bin/serve $port' nobody listens on port $port, so there is nothing to end."
    exit 1
fi
kill -TERM "$server"
for _ in {1..30}; do
    if ! get "$port" / > /dev/null; then
        echo "It goes when it's asked to, and leaves nothing behind."
        exit 0
    fi
    sleep 0.1
done
echo "The script has got its signal, but three seconds later its server still answers on port $port."
exit 1
