# Print the answer of the server on a port for a path; fail where nobody listens.
get() (
    { exec 3<> "/dev/tcp/127.0.0.1/$1"; } 2> /dev/null || exit 1
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
    timeout 5 head -c 100000 <&3 | tr -d '\000'
)
if ! answer=$(get 8000 /); then
    echo "Nobody listens on port 8000."
    exit 1
fi
status=${answer%%$'\r\n'*}
if [[ ! $status =~ ^HTTP/1\.[01]\ 200 ]]; then
    echo "Port 8000 answers, but not with the status 200. It says: ${status:0:100}"
    exit 1
fi
if [[ ! -s site/index.html || ${answer#*$'\r\n\r\n'} != "$(head -c 90000 site/index.html)" ]]; then
    echo "Port 8000 answers, but with something else than site/index.html. It begins with:"
    printf '%s\n' "${answer#*$'\r\n\r\n'}" | head -n 3 | cut -c 1-100
    exit 1
fi
echo "The library is on the web."
