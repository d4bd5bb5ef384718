"""The file panel's bash scripts for labs, which never change, and the readers of their output.

Paths travel through standard input, each with a NUL behind it, so that no name is ever read as code. A script runs as
the lab's student: it keeps to the home so that the panel shows what is theirs, not because more would be dangerous.
"""

import base64
import binascii
from dataclasses import dataclass

BLOCK = 1024 * 1024
NAME_BYTES, PATH_BYTES = 255, 4095
TEMPORARY = ".yurt-upload-"

# How a script ends when it refuses: (status, code). The page has words for each code.
REFUSALS = {
    10: (404, "missing"),
    11: (403, "outside"),
    12: (409, "exists"),
    13: (409, "kind"),
    14: (403, "denied"),
    15: (507, "full"),
    16: (502, "cut"),
}

_PRELUDE = """
exec 2>/dev/null
umask 022
cd -P -- "$HOME" || exit 14
home=${PWD%/}
IFS= read -r -d '' folder
[ -e "./$folder" ] || exit 10
[ -d "./$folder" ] || exit 13
cd -P -- "./$folder" || exit 14
case $PWD/ in "$home"/*) ;; *) exit 11 ;; esac
is_there() { [ -e "./$1" ] || [ -L "./$1" ]; }
"""

# One record an entry: type of the entry and of what it leads to, size, seconds, name. Not every find knows -printf.
LIST = (
    _PRELUDE
    + """
[ -r . ] && [ -x . ] || exit 14
if find . -maxdepth 0 -printf ''; then
  find . -mindepth 1 -maxdepth 1 -printf '%y%Y %s %Ts %f\\0'
else
  shopt -s nullglob dotglob
  # One stat for all of them; a name that holds a line break isn't among its lines, and gets one of its own.
  declare -A facts
  while read -r size seconds name; do [ -n "$name" ] && facts[$name]="$size $seconds"; done < <(
    find . -mindepth 1 -maxdepth 1 -exec stat -c '%s %Y %n' -- {} +
  )
  for name in *; do
    kind=f
    [ -d "./$name" ] && kind=d
    [ -e "./$name" ] || kind=N
    [ -L "./$name" ] && kind=l$kind || kind=$kind$kind
    printf '%s %s %s\\0' "$kind" "${facts["./$name"]:-$(stat -c '%s %Y' -- "./$name")}" "$name"
  done
fi
exit 0
"""
)

# Size and time of the file with a NUL behind them, then one block of it.
READ = (
    _PRELUDE
    + """
IFS= read -r -d '' name
IFS= read -r -d '' block
is_there "$name" || exit 10
[ -f "./$name" ] || exit 13
if [ -L "./$name" ]; then
  case $(readlink -f -- "./$name") in "$home"/*) ;; *) exit 11 ;; esac
fi
[ -r "./$name" ] || exit 14
printf '%s\\0' "$(stat -L -c '%s %Y' -- "./$name")"
exec dd if="./$name" bs=1048576 skip="$block" count=1
"""
)

# A block of an upload is appended to a temporary file; the last block gives the file its name. Temporary files of
# uploads that broke off are removed after an hour.
WRITE = (
    _PRELUDE
    + """
IFS= read -r -d '' name
IFS= read -r -d '' temporary
IFS= read -r -d '' offset
IFS= read -r -d '' total
IFS= read -r -d '' replaces
leave() { rm -f -- "./$temporary"; exit "$1"; }
if is_there "$name"; then
  [ -d "./$name" ] && leave 13
  [ "$replaces" = yes ] || leave 12
fi
if [ "$offset" = 0 ]; then
  [ -w . ] || exit 14
  find . -maxdepth 1 -name '.yurt-upload-*' -mmin +60 -exec rm -f -- {} +
  : > "./$temporary" || leave 15
fi
[ "$(stat -c %s -- "./$temporary")" = "$offset" ] || leave 16
cat >> "./$temporary" || leave 15
[ -n "$total" ] || exit 0
[ "$(stat -c %s -- "./$temporary")" = "$total" ] || leave 16
[ -f "./$name" ] && [ -x "./$name" ] && chmod +x -- "./$temporary"
mv -f -- "./$temporary" "./$name" || leave 14
exit 0
"""
)

DISCARD = _PRELUDE + "IFS= read -r -d '' name\nrm -f -- \"./$name\"\nexit 0\n"

MAKE_FOLDER = (
    _PRELUDE
    + """
IFS= read -r -d '' name
is_there "$name" && exit 12
mkdir -- "./$name" || exit 14
exit 0
"""
)

RENAME = (
    _PRELUDE
    + """
IFS= read -r -d '' name
IFS= read -r -d '' new
is_there "$name" || exit 10
is_there "$new" && exit 12
mv -- "./$name" "./$new" || exit 14
exit 0
"""
)

# Folders that their owner has shut are opened first; a link goes, not what it leads to.
DELETE = (
    _PRELUDE
    + """
IFS= read -r -d '' name
is_there "$name" || exit 10
rm -rf -- "./$name" && exit 0
chmod -R u+rwX -- "./$name"
rm -rf -- "./$name" || exit 14
exit 0
"""
)


class BadPath(ValueError):
    """This can't be a path below the home."""


@dataclass(frozen=True)
class Entry:
    """A file or folder. `kind` is folder, file or other (sockets, devices, links that lead nowhere)."""

    name: bytes
    kind: str
    is_link: bool
    size: int
    modified_at: int


def arguments(*values: bytes) -> bytes:
    """Return the standard input that hands `values` to a script; data may follow."""
    return b"".join(value + b"\0" for value in values)


def token_of(path: bytes) -> str:
    """Return a path as it travels in addresses: names are bytes, and needn't be text."""
    return base64.urlsafe_b64encode(path).decode().rstrip("=")


def path_of(token: str) -> bytes:
    """Return the path of a token; raise BadPath for one that isn't clean."""
    try:
        path = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadPath from error
    if len(path) > PATH_BYTES:
        raise BadPath
    for name in path.split(b"/") if path else []:
        check_name(name)
    return path


def check_name(name: bytes) -> bytes:
    """Return a name that one entry of a folder can have; raise BadPath for others."""
    if not name or len(name) > NAME_BYTES or name in (b".", b"..") or b"/" in name or b"\0" in name:
        raise BadPath
    return name


def parent(path: bytes) -> tuple[bytes, bytes]:
    """Return (folder, name) of a path; the home itself has no name, which is a BadPath."""
    folder, _slash, name = path.rpartition(b"/")
    return folder, check_name(name)


def join(folder: bytes, name: bytes) -> bytes:
    """Return the path of an entry of a folder; the home is empty."""
    return folder + b"/" + name if folder else name


def display(name: bytes) -> str:
    """Return a name that is safe to look at: what isn't printable stands as its escape, as `ls -b` writes it."""
    text = name.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def read_list(output: bytes) -> list[Entry]:
    """Return the entries of a listing, folders first; a last record that was cut off is left out."""
    entries = [entry for record in output.split(b"\0")[:-1] if (entry := _entry(record)) is not None]
    return sorted(entries, key=lambda entry: (entry.kind != "folder", entry.name.lower(), entry.name))


def _entry(record: bytes) -> Entry | None:
    kinds, size, seconds, name = (record.split(b" ", 3) + [b""] * 3)[:4]
    if len(kinds) != 2 or not size.isdigit() or not name or name.startswith(TEMPORARY.encode()):
        return None
    kind = {"d": "folder", "f": "file"}.get(chr(kinds[1]), "other")
    return Entry(name, kind, kinds[:1] == b"l", int(size), int(seconds) if seconds.isdigit() else 0)


def read_block(output: bytes) -> tuple[int, int, bytes] | None:
    """Return (size of the file, its time, one block) of what READ printed."""
    facts, nul, data = output.partition(b"\0")
    numbers = facts.split(b" ")
    if not nul or len(numbers) != 2 or not all(number.isdigit() for number in numbers):
        return None
    return int(numbers[0]), int(numbers[1]), data
