set -eu
cd ~
{
    echo '<!doctype html>'
    echo '<meta charset="utf-8">'
    echo '<title>The village library</title>'
    echo '<h1>Welcome to the village library</h1>'
    echo '<pre>'
    cat material/hours.txt
    echo '</pre>'
} > site/index.html
cat > bin/serve << 'END'
#!/bin/bash
# Serves the library's page on the port named by the only argument.
exec python3 -m http.server "$1" --bind 127.0.0.1 --directory "$HOME/site"
END
chmod +x bin/serve
bin/serve 8000 > server.log 2>&1 &
until (exec 3<> /dev/tcp/127.0.0.1/8000) 2> /dev/null; do sleep 0.1; done
