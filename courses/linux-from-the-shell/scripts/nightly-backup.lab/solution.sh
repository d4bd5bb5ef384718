set -eu
cd ~
cat > bin/greet << 'END'
#!/bin/bash
# Greets the person named by the only argument.
if [[ $# -ne 1 ]]; then
    echo "usage: greet NAME" >&2
    exit 2
fi
echo "Hello, $1!"
END
cat > bin/fix-names << 'END'
#!/bin/bash
# Renames each .jpeg of a folder to .jpg.
set -euo pipefail
for photo in "$1"/*.jpeg; do
    [[ -e $photo ]] || continue
    mv -n -- "$photo" "${photo%.jpeg}.jpg"
done
END
cat > bin/backup << 'END'
#!/bin/bash
# Packs the folder SOURCE into TARGET/NAME-DATE.tar.gz.
set -euo pipefail
if [[ $# -ne 2 ]]; then
    echo "usage: backup SOURCE TARGET" >&2
    exit 2
fi
source=$1 target=$2
if [[ ! -d $source ]]; then
    echo "backup: $source isn't a folder" >&2
    exit 1
fi
mkdir -p "$target"
name=$(basename "$source")
archive=$target/$name-$(date +%F).tar.gz
trap 'rm -f "$archive.new"' EXIT
tar -czf "$archive.new" -C "$(dirname "$source")" "$name"
mv "$archive.new" "$archive"
END
chmod +x bin/greet bin/fix-names bin/backup
bin/fix-names pictures
bin/backup documents backups
