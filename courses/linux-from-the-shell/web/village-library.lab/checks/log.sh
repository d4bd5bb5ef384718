# Print the answer of the server on a port for a path; fail where nobody listens.
get() (
    { exec 3<> "/dev/tcp/127.0.0.1/$1"; } 2> /dev/null || exit 1
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
    timeout 5 head -c 100000 <&3 | tr -d '\000'
)
path=/check-$RANDOM$RANDOM.html
if ! get 8000 "$path" > /dev/null; then
    echo "Nobody listens on port 8000."
    exit 1
fi
if [[ ! -e server.log ]]; then
    echo "There is no server.log in your home yet."
    exit 1
fi
for _ in {1..20}; do
    if tail -n 50 server.log | grep -qF "GET $path "; then
        echo "The check's own visit is in the log."
        exit 0
    fi
    sleep 0.1
done
echo "The check has asked for $path, but server.log doesn't know of it. Its last line is:"
tail -n 1 server.log | cut -c 1-200
exit 1
