case $(stat -c %A bin/hello) in
    -??x*) ;;
    *) echo "bin/hello has $(stat -c %A bin/hello): its owner has no x."; exit 1 ;;
esac
if [[ ! -s hello.txt ]]; then
    echo "The program can run now, but hello.txt isn't in your home, or is empty."
    exit 1
fi
if ! grep -qx "Hello from a program of your own!" hello.txt; then
    echo "hello.txt doesn't hold the greeting of bin/hello."
    exit 1
fi
echo "Hello to you, too."
