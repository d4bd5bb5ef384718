# Print the answer of the server on a port for a path; fail where nobody listens.
get() (
    { exec 3<> "/dev/tcp/127.0.0.1/$1"; } 2> /dev/null || exit 1
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
    timeout 5 head -c 100000 <&3 | tr -d '\000'
)
if ! get 8000 / > /dev/null; then
    echo "Nobody listens on port 8000."
    exit 1
fi
for path in /site/index.html /material/for-staff-only.txt /../material/for-staff-only.txt /.bashrc /server.log; do
    status=$(get 8000 "$path" | head -n 1)
    if [[ $status =~ ^HTTP/1\.[01]\ 200 ]]; then
        echo "Everybody can have http://127.0.0.1:8000$path. The server was started in the wrong folder."
        exit 1
    fi
done
echo "What isn't meant for visitors stays at home."
