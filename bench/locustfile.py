"""A class on the demo course: signing in, reading, saving answers, watching the leaderboard.

`python -m bench class` runs it, or by hand against a Yurt that `make run` started:
    locust -f bench/locustfile.py --headless -u 100 -r 10 -t 90s --host http://127.0.0.1:2026
Each student has an account of their own (bench-<n>@example.org), registered on the first run, and confirmed by the mail
that the Yurt writes to this machine (YURT_VAR, else var).
"""

import itertools
import json
import os
import random
import re
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import gevent
from locust import HttpUser, between, events, task

COURSE = "linux-from-the-shell"
PASSWORD = "bench-students-2026"
META = re.compile(r'name="csrf-token" content="([^"]+)"')
LESSON = re.compile(rf'href="(/courses/{COURSE}/lessons/[^"#?]+)"')
QUIZ = re.compile(rf'href="(/courses/{COURSE}/quizzes/[^"#?]+)"')
LIVE = re.compile(r"/live/leaderboards/\d+\?ticket=[A-Za-z0-9._-]+")
ITEM = re.compile(r'name="item-(\d+)"[^>]*?type="(radio|checkbox|text)"')
NUMBERS = itertools.count(1)
# Hints of the leaderboard that reached a student. They aren't requests, and have no part in the table.
HEARD = [0]
MAIL_S = 60


@events.quitting.add_listener
def tell(**_rest: Any) -> None:
    """Say how often the board moved before students' eyes."""
    print(f"live leaderboard events received: {HEARD[0]}")


def confirmation(email: str) -> str:
    """Wait for the mail of a registration; return the path of its link."""
    folder = Path(os.environ.get("YURT_VAR") or "var") / "mail"
    with gevent.Timeout(MAIL_S):
        while not (letters := sorted(folder.glob(f"*-{email}.eml"))):
            gevent.sleep(0.2)
    body = message_from_bytes(letters[-1].read_bytes(), policy=default).get_body(("plain",))
    match = re.search(r"/confirm/\S+", body.get_content() if body else "")
    assert match, f"{letters[-1]} has no link"
    return match.group(0)


class Student(HttpUser):
    """One student with a browser: pages, self-saving answers, and one open stream."""

    wait_time = between(1, 4)

    def on_start(self) -> None:
        """Sign in (register the first time) and enrol."""
        self.number = next(NUMBERS)
        self.rng = random.Random(self.number)
        self.revisions: dict[str, int] = {}
        self.attempt = ""
        self.positions: list[int] = []
        self.sign_in()
        self.post(f"/courses/{COURSE}/enrol", {}, "/courses/[slug]/enrol")
        page = self.read(f"/courses/{COURSE}", "/courses/[slug]")
        self.lessons = sorted(set(LESSON.findall(page)))
        self.quizzes = sorted(set(QUIZ.findall(page)))
        self.watcher = gevent.spawn(self.watch)

    def on_stop(self) -> None:
        """Close the stream."""
        self.watcher.kill()

    def sign_in(self) -> None:
        """Sign in; an account that isn't there yet is registered."""
        email = f"bench-{self.number}@example.org"
        self.read("/login", "/login")
        with self.client.post(
            "/login",
            {"email": email, "password": PASSWORD, "csrf_token": self.token},
            allow_redirects=False,
            catch_response=True,
        ) as response:
            response.success() if response.status_code in (200, 302) else response.failure(str(response.status_code))
        if response.status_code == 302:
            return
        self.read("/register", "/register")
        form = {"email": email, "password": PASSWORD, "password_confirm": PASSWORD}
        self.post("/register", {**form, "display_name": f"Student {self.number}"}, "/register")
        self.read(confirmation(email), "/confirm")

    def read(self, path: str, name: str) -> str:
        """Open a page, and keep its CSRF token."""
        text: str = self.client.get(path, name=name).text
        match = META.search(text)
        if match:
            self.token = match.group(1)
        return text

    def post(self, path: str, form: dict[str, Any], name: str) -> Any:
        """Send a form."""
        return self.client.post(path, {**form, "csrf_token": self.token}, name=name)

    def watch(self) -> None:
        """Keep the leaderboard's stream open, as its page does."""
        page = self.read(f"/courses/{COURSE}/leaderboard", "/courses/[slug]/leaderboard")
        match = LIVE.search(page)
        if not match:
            return
        name = "/live/leaderboards (open)"
        with self.client.get(match.group(0), name=name, stream=True, catch_response=True) as response:
            response.success() if response.status_code == 200 else response.failure(str(response.status_code))
            for line in response.iter_lines():
                if line.startswith(b"event: board"):
                    HEARD[0] += 1

    @task(4)
    def lesson(self) -> None:
        """Read a lesson; every fourth is marked as done."""
        if not self.lessons:
            return
        path = self.rng.choice(self.lessons)
        self.read(path, "/courses/[slug]/lessons/[lesson]")
        if self.rng.random() < 0.25:
            self.post(f"{path}/complete", {}, "/courses/[slug]/lessons/[lesson]/complete")

    @task(8)
    def answer(self) -> None:
        """Save an answer, as the page does while one types."""
        if not self.attempt:
            self.begin()
        if not self.positions:
            return
        position = self.rng.choice(self.positions)
        key = f"{self.attempt}/{position}"
        self.revisions[key] = self.revisions.get(key, 0) + 1
        response = self.rng.choice([None, self.kinds[position]])
        with self.client.put(
            f"{self.attempt}/items/{position}",
            data=json.dumps({"revision": self.revisions[key], "response": response}),
            headers={"X-CSRFToken": self.token, "Content-Type": "application/json"},
            name="/attempts/[id]/items/[position]",
            catch_response=True,
        ) as saved:
            if saved.status_code == 409:  # an earlier run left newer answers: go on from there
                self.revisions[key] = saved.json()["revision"]
                saved.success()
            elif saved.status_code != 200:
                saved.failure(f"{saved.status_code}: {saved.text[:200]}")

    def begin(self) -> None:
        """Start the first quiz, or go on with it."""
        if not self.quizzes:
            return
        path = self.quizzes[0]
        self.read(path, "/courses/[slug]/quizzes/[quiz]")
        response = self.post(f"{path}/attempts", {}, "/courses/[slug]/quizzes/[quiz]/attempts")
        self.token = META.search(response.text).group(1)  # type: ignore[union-attr]  # a page without one fails here
        self.attempt = re.sub(r"^https?://[^/]+", "", response.url)
        self.kinds: dict[int, Any] = {}
        for position, kind in ITEM.findall(response.text):
            self.kinds[int(position)] = {"radio": "a", "checkbox": ["a"], "text": "42"}[kind]
        self.positions = sorted(self.kinds)

    @task(1)
    def hand_in(self) -> None:
        """Submit, read the result, and begin anew."""
        if not self.attempt or self.rng.random() > 0.3:
            return
        self.post(f"{self.attempt}/submit", {}, "/attempts/[id]/submit")
        self.attempt, self.positions = "", []

    @task(2)
    def leaderboard(self) -> None:
        """Look at the board."""
        self.read(f"/courses/{COURSE}/leaderboard?partial=1", "/courses/[slug]/leaderboard (table)")

    @task(1)
    def home(self) -> None:
        """Come back to the start."""
        self.read("/", "/")
