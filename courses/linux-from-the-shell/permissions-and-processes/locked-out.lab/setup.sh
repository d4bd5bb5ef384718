# Shut the vault, and lay out two programs.
set -eu
mkdir -p vault bin
echo "Dear diary, today I learnt about permissions." > vault/diary.txt
echo "The library closes at eight." > vault/notice.txt
chmod 644 vault/diary.txt
chmod 600 vault/notice.txt
cat > bin/hello << 'END'
#!/bin/bash
echo "Hello from a program of your own!"
END
chmod 644 bin/hello
cat > bin/ticker << 'END'
#!/bin/bash
# Writes the time to ticker.log every second, until it is asked to end.
echo "$$" > "$HOME/.ticker.pid"
trap 'echo "asked to end: tidied up" >> "$HOME/ticker.log"; exit 0' TERM
while true; do
    date +%T >> "$HOME/ticker.log"
    sleep 1 &
    wait "$!"
done
END
chmod 755 bin/ticker
chmod 000 vault
