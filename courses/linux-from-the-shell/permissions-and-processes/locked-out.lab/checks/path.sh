if [[ ! -e .bashrc ]]; then
    echo "There is no .bashrc in your home yet."
    exit 1
fi
# What a new shell would find after reading the file.
found=$(bash --norc -c '. ./.bashrc > /dev/null 2>&1; type -P hello' < /dev/null)
if [[ $found != "$HOME/bin/hello" && $found != "$PWD/bin/hello" ]]; then
    echo "A new shell that reads .bashrc doesn't find hello in your bin."
    grep -n PATH .bashrc | head -n 3
    exit 1
fi
if ! bash --norc -c '. ./.bashrc > /dev/null 2>&1; type -P ls' < /dev/null > /dev/null; then
    echo "hello is found, but ls isn't any more: keep the old list with :\$PATH."
    exit 1
fi
echo "hello is a command now."
