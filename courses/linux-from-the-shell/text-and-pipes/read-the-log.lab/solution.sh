set -eu
cd ~
wc -l < logs/access.log > answers/requests.txt
tail -n 5 logs/access.log > answers/last.txt
awk '$9 == 404' logs/access.log > answers/not-found.log
cut -d ' ' -f 1 logs/access.log | sort | uniq -c | sort -rn | head -n 1 | awk '{ print $2 }' > answers/busiest.txt
awk '{ print $7 }' logs/access.log | sort | uniq -c | sort -rn | head -n 3 | awk '{ print $2 }' > answers/top.txt
bin/report > answers/report.txt 2> answers/warnings.txt
