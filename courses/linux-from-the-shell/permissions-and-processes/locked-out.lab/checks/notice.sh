if ! mode=$(stat -c %a vault/notice.txt 2> /dev/null); then
    echo "vault/notice.txt can't be reached. Is the vault open?"
    exit 1
fi
if [[ $mode != 644 ]]; then
    echo "vault/notice.txt has $(stat -c %A vault/notice.txt), in digits $mode."
    exit 1
fi
echo "Readable by all, changed by you alone."
