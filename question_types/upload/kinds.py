"""Which files may be handed in: a kind is an ending, and what the bytes have to look like."""

from collections.abc import Callable

_ZIP = b"PK\x03\x04"


def _begins(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(starts)


def _is_text(data: bytes) -> bool:
    if b"\x00" in data:
        return False
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return True


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


TEXTS = (
    *("txt", "md", "csv", "tsv", "json", "yaml", "xml", "html", "css", "sql", "tex", "log"),
    *("py", "sh", "c", "h", "cpp", "hpp", "java", "js", "ts", "rs", "go", "rb", "pl", "r"),
)
KINDS: dict[str, Callable[[bytes], bool]] = {
    "pdf": _begins(b"%PDF-"),
    "png": _begins(b"\x89PNG\r\n\x1a\n"),
    "jpg": _begins(b"\xff\xd8\xff"),
    "jpeg": _begins(b"\xff\xd8\xff"),
    "gif": _begins(b"GIF87a", b"GIF89a"),
    "webp": _is_webp,
    **dict.fromkeys(("zip", "docx", "xlsx", "pptx", "odt", "ods", "odp"), _begins(_ZIP)),
    **dict.fromkeys(("gz", "tgz"), _begins(b"\x1f\x8b")),
    **dict.fromkeys(TEXTS, _is_text),
}
