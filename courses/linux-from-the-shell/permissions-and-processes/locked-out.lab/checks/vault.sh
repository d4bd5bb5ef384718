mode=$(stat -c %a vault)
if [[ $mode != 700 ]]; then
    echo "The vault's permissions are $(stat -c %A vault), in digits $mode."
    case $mode in
        ?00) echo "You need all three: to list it, to change it and to go in." ;;
        *) echo "The group or others can still do something with it." ;;
    esac
    exit 1
fi
echo "Open for you alone."
