"""A bucket on loopback that speaks as much S3 as a client of backups asks for: objects, parts, lists."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Bucket(http.server.BaseHTTPRequestHandler):
    """Objects in memory, below `/<bucket>/`."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes]
    parts: dict[str, dict[int, bytes]]
    signed: list[str]

    def do_PUT(self) -> None:
        key, query = self.asked()
        data = self.body()
        if "partNumber" in query:
            self.parts[query["uploadId"][0]][int(query["partNumber"][0])] = data
        else:
            self.objects[key] = data
        self.answer(200, b"", {"ETag": f'"{hashlib.md5(data).hexdigest()}"'})

    def do_POST(self) -> None:
        key, query = self.asked()
        self.body()
        if "uploads" in query:
            number = f"upload-{len(self.parts)}"
            self.parts[number] = {}
            name, inner = "InitiateMultipartUploadResult", f"<Key>{escape(key)}</Key><UploadId>{number}</UploadId>"
        else:
            parts = self.parts.pop(query["uploadId"][0])
            self.objects[key] = b"".join(parts[number] for number in sorted(parts))
            name, inner = "CompleteMultipartUploadResult", f'<Key>{escape(key)}</Key><ETag>"whole"</ETag>'
        self.answer(200, f"<{name}><Bucket>b</Bucket>{inner}</{name}>".encode())

    def do_GET(self) -> None:
        key, query = self.asked()
        if "list-type" in query:
            start = query.get("prefix", [""])[0]
            entries = "".join(
                f"<Contents><Key>{escape(name)}</Key><LastModified>2026-12-01T00:00:00.000Z</LastModified>"
                f'<ETag>"e"</ETag><Size>{len(data)}</Size><StorageClass>STANDARD</StorageClass></Contents>'
                for name, data in sorted(self.objects.items())
                if name.startswith(start)
            )
            head = f"<Name>b</Name><Prefix>{start}</Prefix><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys>"
            self.answer(
                200, f"<ListBucketResult>{head}<IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()
            )
        elif key in self.objects:
            times = {"Last-Modified": "Tue, 01 Dec 2026 00:00:00 GMT", "ETag": '"e"'}
            self.answer(200, self.objects[key], times)
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        key, _query = self.asked()
        self.objects.pop(key, None)
        self.answer(204, b"")

    def asked(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        self.signed.append(self.headers.get("Authorization", ""))
        return unquote(parts.path).lstrip("/").partition("/")[2], parse_qs(parts.query, keep_blank_values=True)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def listening() -> Iterator[tuple[str, type[Bucket]]]:
    """Give the address of a bucket, and what is in it."""
    kind = type("Given", (Bucket,), {"objects": {}, "parts": {}, "signed": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", kind
        server.shutdown()
