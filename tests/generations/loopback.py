"""A server on loopback that speaks Mistral's chat completions, and behaves as it is told: well, slowly, or badly."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a-key-of-the-test"
LESSON = re.compile(r"^LESSON (\d+) (\w+)\n(.*?)\nEND \2$", re.DOTALL | re.MULTILINE)
QUESTION = re.compile(r"^QUESTION (\d+) (\w+) [^\n]*\n(.*?)\nEND \2$", re.DOTALL | re.MULTILINE)


@dataclass
class Reply:
    """One answer of the server. `text` None is what a good model says."""

    status: int = 200
    text: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    finish: str = "stop"
    usage: dict[str, int] | None = None
    body: bytes | None = None
    # Sends its body byte by byte, with so long a pause between two.
    drip_s: float = 0.0
    # Sends so many bytes of its body, then hangs up.
    cut_at: int | None = None
    change: Callable[[dict[str, Any]], Any] | None = None


class Loopback:
    """The server: `script` has the next replies, then it is a good model. `requests` are those that came."""

    def __init__(self) -> None:
        self.forget()
        self._lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def forget(self) -> None:
        """Be as new."""
        self.script: list[Reply] = []
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.served: list[str] = []
        self.written = self.at_once = self.most_at_once = 0
        self.pause_s = 0.0
        self.came = threading.Semaphore(0)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                loopback.take(self, said)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler

    def take(self, handler: BaseHTTPRequestHandler, said: dict[str, Any]) -> None:
        with self._lock:
            self.requests.append(said)
            self.keys.append(handler.headers.get("Idempotency-Key", ""))
            reply = self.script.pop(0) if self.script else Reply()
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.came.release()
        try:
            if handler.path != "/v1/chat/completions" or handler.headers.get("Authorization") != f"Bearer {KEY}":
                reply = Reply(401, text="{}")
            time.sleep(reply.wait_s + self.pause_s)
            self._send(handler, reply, said)
        except OSError:
            pass  # who asked is gone
        finally:
            with self._lock:
                self.at_once -= 1

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply, said: dict[str, Any]) -> None:
        body = reply.body if reply.body is not None else json.dumps(self.completion(reply, said)).encode()
        if reply.status != 200 and reply.body is None:
            body = b'{"message": "no"}'
        handler.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        for at in range(len(body)) if reply.drip_s else ():
            handler.wfile.write(body[at : at + 1])
            time.sleep(reply.drip_s)
        handler.wfile.write(b"" if reply.drip_s else body[: reply.cut_at])
        if reply.cut_at is not None:
            handler.close_connection = True
        elif reply.status == 200:
            with self._lock:
                self.served.append(handler.headers.get("Idempotency-Key", ""))

    def completion(self, reply: Reply, said: dict[str, Any]) -> dict[str, Any]:
        """Return a completion as the protocol has it."""
        text = reply.text
        if text is None:
            answer = good_answer(said, self.written)
            self.written += len(answer.get("questions", []))
            text = json.dumps(reply.change(answer) if reply.change else answer)
        return completed(reply, said, text)


def completed(reply: Reply, said: dict[str, Any], text: str) -> dict[str, Any]:
    """Return a completion as the protocol has it."""
    usage = reply.usage or {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": reply.finish, "message": message}
    return {
        "id": "cmpl-1",
        "object": "chat.completion",
        "model": said["model"],
        "created": 1,
        "usage": usage,
        "choices": [choice],
    }


def good_answer(said: dict[str, Any], written: int = 0) -> dict[str, Any]:
    """Say what a good model says: to a writer's question, to a second reader's, or as a comment or hint; kinds follow
    each other."""
    told, shown = (message["content"] for message in said["messages"])
    if told.startswith("You help"):
        return {"text": "Look at what it says first."}
    questions = list(QUESTION.finditer(shown))
    if questions:
        return {"answers": [_answered(int(found[1]), found[3]) for found in questions]}
    lessons = [(int(found[1]), found[3].partition("\n")[2]) for found in LESSON.finditer(shown)]
    count = int(re.search(r"Write (\d+) questions", told)[1])  # type: ignore[index]
    kinds = re.search(r"Kinds that you may use: (.*?)\. ", told)[1].split(", ")  # type: ignore[index]
    return {"questions": [question(kinds[(written + at) % len(kinds)], lessons, shown) for at in range(count)]}


def _answered(number: int, text: str) -> dict[str, Any]:
    letters = [line[0] for line in text.splitlines() if re.match(r"[A-Z]\) (Right|True)", line)]
    return {"question": number, "answers": letters, "arguable": []}


_numbers = iter(range(1, 10**9))


def _unlike() -> str:
    """Return words that no question had before: near duplicates are refused."""
    digest = (
        hashlib.sha256(str(next(_numbers)).encode()).hexdigest().translate(str.maketrans("0123456789", "ghijklmnop"))
    )
    return " ".join(digest[at : at + 6] for at in range(0, 30, 6))


def question(kind: str, lessons: list[tuple[int, str]], _shown: str = "") -> dict[str, Any]:
    """Return a question of a kind that stands on the first long line of the first lesson."""
    number, text = lessons[0]
    quote = next((line for line in text.splitlines() if len(line) >= 12), "")
    name = _unlike()
    right = {"text": f"Right {name}", "is_correct": True, "feedback": "It is."}
    wrong = [{"text": f"Wrong {which} {name}", "is_correct": False, "feedback": "It isn't."} for which in "ab"]
    fields: dict[str, Any] = {
        "single": {"choices": [right, *wrong]},
        "multiple": {"choices": [right, *wrong]},
        "truefalse": {"is_true": True, "feedback_true": "Yes", "feedback_false": "No"},
        "text": {"accept": [name], "is_case_sensitive": False},
        "numeric": {"answer": "6", "tolerance_percent": "0", "unit": "", "working": "2 * 3"},
        "code": {
            "language": "bash",
            "starter": "",
            "model_answer": "wc -l",
            "cases": [{"input": "a\nb", "output": "2"}, {"input": "", "output": "0"}],
        },
        "formula": {
            "parameters": [{"name": "a", "low": "1", "high": "9", "step": "1"}],
            "answer": "a * 2",
            "tolerance_percent": "1",
            "unit": "",
            "example": [{"name": "a", "value": "4"}],
            "example_answer": "8",
        },
    }[kind]
    return {
        "kind": kind,
        "name": f"About {name}",
        "prompt": f"What of {name}" + (" {a}?" if kind == "formula" else "?"),
        "fields": fields,
        "feedback": "Because.",
        "difficulty": "easy",
        "citations": [{"lesson": number, "quote": quote}],
    }


@contextmanager
def running() -> Iterator[Loopback]:
    """Run a server for a while."""
    loopback = Loopback()
    thread = threading.Thread(target=loopback.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        loopback.server.shutdown()
        loopback.server.server_close()
