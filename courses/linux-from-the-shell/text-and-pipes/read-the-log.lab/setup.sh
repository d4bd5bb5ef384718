# Write a log of 2000 requests, the same for everybody, and a program that talks on both streams.
set -eu
mkdir -p logs answers bin
awk 'BEGIN {
    seed = 20261103
    split("/index.html /index.html /index.html /index.html /courses /courses /courses /about.html /room-404 " \
          "/images/logo.svg /images/logo.svg /contact.html /favicon.ico /old/prices.html /missing.png", path, " ")
    for (n = 1; n <= 2000; n++) {
        seed = (seed * 1103 + 12345) % 1048576
        who = int(seed / 1024) % 40
        seed = (seed * 1103 + 12345) % 1048576
        what = path[int(seed / 1024) % 15 + 1]
        seed = (seed * 1103 + 12345) % 1048576
        bytes = 200 + int(seed / 64) % 9000
        if (n % 97 == 0) bytes = 404
        status = 200
        if (what == "/old/prices.html" || what == "/missing.png") { status = 404; bytes = 153 }
        if (n % 211 == 0) { status = 500; bytes = 0 }
        address = "203.0.113." who
        if (n % 13 == 0) address = "198.51.100.23"
        second = n * 11
        time = sprintf("03/Nov/2026:%02d:%02d:%02d +0000", int(second / 3600), int(second / 60) % 60, second % 60)
        printf "%s - - [%s] \"GET %s HTTP/1.1\" %d %d\n", address, time, what, status, bytes
    }
}' > logs/access.log
cat > bin/report << 'END'
#!/bin/bash
# Prints a report, and complains while doing so.
echo "Report of the web server"
echo "warning: the disk is 91% full" >&2
echo "Uptime: 41 days"
echo "warning: the certificate ends in 9 days" >&2
echo "Requests today: 2000"
END
chmod +x bin/report
