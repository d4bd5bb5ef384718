if [[ ! -x bin/greet ]]; then
    echo "bin/greet isn't there, or isn't executable."
    exit 1
fi
for name in Ada "Grace Hopper" "*"; do
    said=$(bin/greet "$name" 2>&1 < /dev/null | head -c 500)
    if [[ $said != "Hello, $name!" ]]; then
        echo "bin/greet \"$name\" should print: Hello, $name!"
        echo "It printed: $said"
        exit 1
    fi
done
echo "Very polite."
