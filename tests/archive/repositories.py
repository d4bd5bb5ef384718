"""Git repositories with a course, and a web server of Git's own on the loopback that gives them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

WHO = {f"GIT_{who}_{what}": f"{who}@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
ENVIRON = {**WHO, "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def git(folder: Path, *words: str, data: bytes | None = None) -> bytes:
    """Run Git in a folder."""
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, env=ENVIRON, input=data).stdout


def committed(folder: Path) -> Path:
    """Make the folder a repository with all that is in it, and return it."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=A course")
    return folder


@contextmanager
def served(root: Path, answer: bytes | None = None) -> Iterator[str]:
    """Serve the repositories below `root` by Git's own program; with `answer`, say that to everything instead."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: object) -> None:
            """Be silent."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if answer is not None:
                self.wfile.write(answer)
                return
            path, _mark, query = self.path.partition("?")
            asked = {"REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": "::1"}
            kind = {"CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body))}
            spoken = {"GIT_PROTOCOL": self.headers.get("Git-Protocol", "")}
            packed = {"HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", "")}
            environ = {"GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1", **asked, **kind, **spoken, **packed}
            command = ["git", "http-backend"]
            done = subprocess.run(command, check=True, capture_output=True, env=ENVIRON | environ, input=body)
            head, _blank, rest = done.stdout.partition(b"\r\n\r\n")
            status = b"200 OK"
            if head.startswith(b"Status: "):
                status = head.split(b"\r\n")[0].removeprefix(b"Status: ")
            self.wfile.write(b"HTTP/1.0 " + status + b"\r\n" + head + b"\r\n\r\n" + rest)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
