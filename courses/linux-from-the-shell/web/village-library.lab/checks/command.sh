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
    echo "After 'bin/serve $port', called from another folder, nobody listens on port $port."
    head -n 5 "$work/said" | cut -c 1-200
    exit 1
fi
if [[ ! -s site/index.html || ${answer#*$'\r\n\r\n'} != "$(head -c 90000 site/index.html)" ]]; then
    echo "'bin/serve $port', called from another folder, answers with something else than site/index.html."
    exit 1
fi
echo "Anybody can start it now, from anywhere."
