"""Bare Flask on waitress: what the machine, the front door and the server give before there is any platform.

It runs as many workers with as many threads as Yurt, on a socket behind the same kind of door, and answers with bytes
that Yurt has answered. `python -m bench.speed.bare FOLDER`: files of the folder are its routes.
"""

import argparse
import json
import os
import signal
from pathlib import Path

from flask import Flask, jsonify, render_template_string, request
from waitress import wasyncore

from cli.web import listening_socket
from cli.worker import make_server

BOARD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Leaderboard</title></head><body><table>
<thead><tr><th>Rank</th><th>Name</th><th>Points</th></tr></thead><tbody>
{% for row in rows %}<tr><td>{{ row.rank }}</td><td>{{ row.name }}</td><td>{{ row.points }}</td></tr>
{% endfor %}</tbody></table></body></html>"""


def make_app(folder: Path) -> Flask:
    """Build an application of four routes."""
    app = Flask("bare")
    board = json.loads((folder / "board.json").read_text()) if (folder / "board.json").exists() else {"rows": []}

    @app.get("/board.json")
    def board_json():
        return jsonify(board)

    @app.get("/board.html")
    def board_html():
        return render_template_string(BOARD, rows=board["rows"])

    @app.get("/bytes/<name>")
    def same_bytes(name: str):
        return (folder / name).read_bytes()

    @app.put("/receipt")
    def receipt():
        return jsonify(revision=request.get_json()["revision"], saved=1, total=16)

    return app


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed.bare", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=8)
    options = parser.parse_args()
    app, listener = make_app(options.folder), listening_socket(options.folder / "bare.sock")
    children = []
    for _ in range(options.workers):
        if not (child := os.fork()):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            server = make_server(app, listener, options.threads)
            wasyncore.loop(timeout=1, use_poll=True, map=server._map)
        children.append(child)

    def end(*_: object) -> None:
        for child in children:
            os.kill(child, signal.SIGTERM)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    signal.pause()


if __name__ == "__main__":
    main()
