set -eu
cd ~
chmod 700 vault
chmod 600 vault/diary.txt
chmod 644 vault/notice.txt
chmod u+x bin/hello
bin/hello > hello.txt
echo 'export PATH="$HOME/bin:$PATH"' >> .bashrc
bin/ticker > /dev/null 2>&1 &
until [[ -s ticker.log ]]; do sleep 0.1; done
kill "$!"
wait "$!"
