"""The archive that a lab's home is saved in: how the lab makes it, and what must hold before it counts as a save.

Students may be root in their machine, and its `tar` may lie: an archive is believed only as far as it was read here.
Nothing is unpacked.
"""

import gzip
import re
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO

from reasons import ENGLISH, Code, Reason, text

MEGABYTE = 1024 * 1024
MOST_ENTRIES = 100_000
LONGEST_NAME = 16 * 1024
CHUNK = 256 * 1024
BLOCK = 512
# What the script prints behind the archive: tar's last words, and how many bytes they are.
REPORT = 2000
TAIL = re.compile(rb"\nyurt-save (\d{8})\Z")
TAIL_SIZE = len("\nyurt-save 00000000")
UNREADABLE = re.compile(rb"(?:Cannot (?:open|stat|read)|Permission denied)")

# Files without read permission are work, too: they get it while tar reads, and lose it again. Caches can be made again;
# tar itself passes over sockets. Sparse files keep their holes. `head` limits the size of the stream. Other tars than
# GNU's may know no such option, not even --exclude: they pack the home as it is.
SCRIPT = r"""# yurt-save
export LC_ALL=C
exec 2>/dev/null
cd || exit 1
shut=()
if [ "$(id -u)" != 0 ]; then
    while IFS= read -r -d '' one; do shut+=("$one"); done < <(find . -xdev -user "$(id -u)" \
        \( -type d ! -perm -u=rx -printf '%m %p\0' -exec chmod u+rx {} \; \
        -o -type f ! -perm -u=r -printf '%m %p\0' -exec chmod u+r {} \; \))
fi
case "$(tar --version)" in
    *GNU*)
        options=(--format=gnu --sort=name --numeric-owner --sparse --one-file-system --exclude-caches --anchored)
        options+=(--exclude=./.cache --exclude=./.npm/_cacache --exclude=./.local/share/Trash)
        ;;
    *) options=() ;;
esac
exec 3>&1
report=$({
    tar -c -f - "${options[@]}" . |
        gzip -n | head -c LIMIT >&3
    echo "status ${PIPESTATUS[*]}" >&2
} 2>&1 | tail -n 40 | tail -c REPORT)
for ((at = ${#shut[@]} - 1; at >= 0; at--)); do chmod "${shut[at]%% *}" -- "${shut[at]#* }"; done
printf '%s\nyurt-save %08d' "$report" "${#report}"
"""


class NotSaved(Exception):
    """A home can't be saved, and why. Trying again helps unless `is_final`.

    `is_gone`: there is no machine; `is_unreached`: there is, and it doesn't answer; `is_away`: nobody can tell.
    """

    def __init__(
        self,
        reason: Reason,
        *,
        is_final: bool = False,
        is_gone: bool = False,
        is_unreached: bool = False,
        is_away: bool = False,
    ) -> None:
        super().__init__(text(reason, ENGLISH))
        self.reason, self.is_final = reason, is_final
        self.is_gone, self.is_unreached, self.is_away = is_gone, is_unreached, is_away


@dataclass(frozen=True)
class Archive:
    """A home that was read to its end: the archive, how many files it holds, and how many tar couldn't read."""

    data: bytes
    files: int
    skipped: int = 0


def script(limit: int) -> str:
    """Return the bash script that writes the home to its output: at most `limit` bytes and one, then a report."""
    return SCRIPT.replace("LIMIT", str(limit + 1)).replace("REPORT", str(REPORT))


def output_limit(limit: int) -> int:
    """Return how many bytes the script prints at most."""
    return limit + 1 + REPORT + TAIL_SIZE


def read(output: bytes, *, limit: int, most_unpacked: int) -> Archive:
    """Return the archive in the script's output; raise NotSaved where it isn't whole, too large, or not to be trusted.

    `limit` is for the archive, `most_unpacked` for what it holds, both in bytes.
    """
    tail = TAIL.search(output[-TAIL_SIZE:])
    said = int(tail[1]) if tail else 0
    if tail is None or said > len(output) - TAIL_SIZE:
        raise NotSaved(Reason(Code.ARCHIVE_BROKE_OFF))
    end = len(output) - TAIL_SIZE - said
    report = output[end : end + said]
    if end > limit:
        raise NotSaved(Reason(Code.HOME_TOO_LARGE, limit_mb=limit // MEGABYTE), is_final=True)
    skipped = _skipped(report)
    return Archive(output[:end], inspect(output[:end], most_unpacked), skipped)


def _skipped(report: bytes) -> int:
    """Return how many files tar couldn't read. 1 is its status for files that changed meanwhile, 2 for these."""
    lines = report.splitlines()
    status = lines[-1].split() if lines else []
    if len(status) != 4 or status[0] != b"status" or status[2:] != [b"0", b"0"] or status[1] not in (b"0", b"1", b"2"):
        raise NotSaved(Reason(Code.HOME_NOT_PACKED))
    unreadable = sum(1 for line in lines if UNREADABLE.search(line))
    return max(1, unreadable) if status[1] == b"2" else 0


def inspect(data: bytes, most_unpacked: int) -> int:
    """Read a gzipped tar archive to its end and return the number of its files; raise NotSaved."""
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as stream:
            reader = _Reader(stream.read, most_unpacked)
            contents = _walk(reader)
            while reader.take(CHUNK):
                pass
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise NotSaved(Reason(Code.ARCHIVE_DAMAGED)) from error
    return contents.files


class _Reader:
    """Reads forward, and not more than is allowed."""

    def __init__(self, read: Callable[[int], bytes], most: int) -> None:
        self._read, self._most, self._taken = read, most, 0

    def take(self, size: int) -> bytes:
        """Return up to `size` bytes."""
        data = self._read(size)
        self._taken += len(data)
        if self._taken > self._most:
            reason = Reason(Code.HOME_HOLDS_TOO_MUCH, limit_mb=self._most // MEGABYTE)
            raise NotSaved(reason, is_final=True)
        return data

    def exactly(self, size: int) -> bytes:
        """Return `size` bytes; EOFError where there are fewer."""
        parts = []
        while size:
            part = self.take(min(size, CHUNK))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Pass over so many bytes and what fills their last block."""
        size += -size % BLOCK
        while size:
            size -= len(self.exactly(min(size, CHUNK)))


@dataclass
class _Contents:
    """What the archive holds so far, by name."""

    files: int = 0
    entries: int = 0
    kinds: dict[tuple[str, ...], bytes] = field(default_factory=dict)

    def add(self, info: tarfile.TarInfo) -> None:
        """Take an entry that stays inside the home, whatever came before it; raise NotSaved for any other."""
        self.entries += 1
        if self.entries > MOST_ENTRIES:
            raise NotSaved(Reason(Code.HOME_HAS_TOO_MANY, limit=MOST_ENTRIES), is_final=True)
        parts = self._inside(info.name)
        if info.type == tarfile.LNKTYPE and self.kinds.get(self._inside(info.linkname)) not in _FILES:
            raise _refused(info.name, Code.LINKS_OUTSIDE)
        if info.type not in (*_FILES, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE):
            raise _refused(info.name, Code.NO_FILE)
        if not parts and info.type != tarfile.DIRTYPE:
            raise _refused(info.name, Code.HOME_NO_FOLDER)
        if parts in self.kinds and not (info.type == self.kinds[parts] == tarfile.DIRTYPE):
            raise _refused(info.name, Code.COMES_TWICE)
        self.kinds[parts] = tarfile.REGTYPE if info.type == tarfile.LNKTYPE else info.type
        self.files += info.type != tarfile.DIRTYPE

    def _inside(self, name: str) -> tuple[str, ...]:
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        if name.startswith("/") or ".." in parts:
            raise _refused(name, Code.LIES_OUTSIDE)
        for length in range(1, len(parts)):
            if self.kinds.get(parts[:length], tarfile.DIRTYPE) != tarfile.DIRTYPE:
                raise _refused(name, Code.BELOW_NO_FOLDER)
        return parts


_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE)


def _refused(name: str, code: Code) -> NotSaved:
    shown = "".join(char if char.isprintable() else "?" for char in name)[:100]
    return NotSaved(Reason(code, name=shown), is_final=True)


def _walk(reader: _Reader) -> _Contents:
    """Read the headers of the formats ustar and GNU, as the manual of tar describes them ("Basic Tar Format")."""
    contents, names = _Contents(), dict[bytes, str]()
    while any(block := reader.exactly(BLOCK)):
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if info.size < 0:
            raise NotSaved(Reason(Code.ARCHIVE_DAMAGED))
        if info.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
            names[info.type] = _long(reader, info)
            continue
        info.name = names.pop(tarfile.GNUTYPE_LONGNAME, info.name)
        info.linkname = names.pop(tarfile.GNUTYPE_LONGLINK, info.linkname)
        contents.add(info)
        if info.type == tarfile.GNUTYPE_SPARSE:
            _skip_maps(reader, block)
        if info.type in _FILES:
            reader.skip(info.size)
    return contents


def _long(reader: _Reader, info: tarfile.TarInfo) -> str:
    if info.size > LONGEST_NAME:
        raise _refused(info.name, Code.NAME_TOO_LONG)
    data = reader.exactly(info.size + -info.size % BLOCK)
    return data[: info.size].rstrip(b"\0").decode("utf-8", "surrogateescape")


def _skip_maps(reader: _Reader, block: bytes) -> None:
    """Pass over the further maps of a sparse file's holes: byte 482 of the header, then 504 of each, says "more"."""
    at = 482
    while block[at]:
        block, at = reader.exactly(BLOCK), 504
