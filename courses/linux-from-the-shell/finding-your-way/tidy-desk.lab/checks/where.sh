if [[ ! -e where.txt ]]; then
    echo "There is no where.txt in your home folder yet."
    exit 1
fi
desk=$(cd desk && pwd)
if [[ $(< where.txt) != "$desk" ]]; then
    echo "where.txt says: $(head -c 200 where.txt)"
    echo "That isn't the absolute path of the desk. Were you in the folder desk when you ran pwd?"
    exit 1
fi
echo "Right: the desk is $desk."
