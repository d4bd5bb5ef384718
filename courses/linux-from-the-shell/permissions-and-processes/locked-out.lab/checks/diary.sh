if ! mode=$(stat -c %a vault/diary.txt 2> /dev/null); then
    echo "vault/diary.txt can't be reached. Is the vault open?"
    exit 1
fi
if [[ $mode != 600 ]]; then
    echo "vault/diary.txt has $(stat -c %A vault/diary.txt), in digits $mode."
    exit 1
fi
echo "Your secrets are safe."
