"""`flask course pull`: a course from a Git repository, without trusting it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from cli import repositories
from cli.pulls import pull
from extensions import db
from models import Course, Lesson
from tests.archive.folders import make_folder, with_line
from tests.archive.repositories import committed, git, served
from tests.factories import Cast

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(app: Flask, cast: Cast) -> Run:
    """Run the command, and return its status and all that it says."""

    def say(*words: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(pull, words)
        return result.exit_code, result.output

    return say


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "shell").mkdir()
    return committed(make_folder(tmp_path / "shell"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    with served(tmp_path) as url:
        yield url


def tiny() -> Course | None:
    return db.session.scalar(select(Course).where(Course.slug == "tiny"))


def test_what_a_repository_would_do_is_said_and_done_with_yes(run: Run, repository: Path, site: str) -> None:
    shown = run(f"{site}/shell/.git")
    before = tiny()
    done = run(f"{site}/shell/.git", "--yes")

    assert shown[0] == done[0] == 0, (shown, done)
    assert "would create  lesson words\n" in shown[1]
    assert "Nothing was changed. Add --yes to apply it." in shown[1]
    assert before is None
    assert "created  lesson words\n" in done[1]
    assert tiny() is not None


def test_the_newest_of_a_branch_is_compared_with_what_the_site_has(run: Run, repository: Path, site: str) -> None:
    run(f"{site}/shell/.git", "--yes")
    lesson = db.session.scalars(select(Lesson).where(Lesson.slug == "words")).one()
    lesson.title = "Edited here"
    db.session.commit()
    git(repository, "switch", "--quiet", "--create=next")
    make_folder(repository, with_line("basics/quiz.quiz.yaml", "A quiz", "Another quiz"))
    committed(repository)

    same = run(f"{site}/shell/.git", "--ref", "main")
    shown = run(f"{site}/shell/.git", "--ref", "next")

    assert "would update  quiz quiz\n" not in same[1]
    assert "would update  quiz quiz\n" in shown[1]
    assert "edited on the site, becomes what the repository says: lesson words" in shown[1]
    assert lesson.title == "Edited here"


def test_a_course_may_lie_in_a_folder_of_the_repository(run: Run, tmp_path: Path, site: str) -> None:
    make_folder(tmp_path / "all" / "courses" / "tiny")
    (tmp_path / "all" / "notes.txt").write_text("Ours.")
    committed(tmp_path / "all")

    assert "would create  course tiny\n" in run(f"{site}/all/.git", "--folder", "courses/tiny")[1]
    assert "it has no such folder" in run(f"{site}/all/.git", "--folder", "courses/none")[1]


def test_links_and_submodules_are_refused_by_name(run: Run, repository: Path, site: str) -> None:
    (repository / "files" / "passwords.svg").symlink_to("/etc/passwd")
    commit = git(repository, "rev-parse", "HEAD").decode().strip()
    git(repository, "add", "--all")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{commit},basics/more.lab")
    git(repository, "commit", "--quiet", "--message=Links")

    status, told = run(f"{site}/shell/.git", "--yes")

    assert status == 1
    assert "files/passwords.svg:1: file: is a symbolic link" in told
    assert "basics/more.lab:1: file: is a submodule, which isn't fetched" in told
    assert tiny() is None


def test_a_tree_that_unfolds_without_end_is_refused(run: Run, repository: Path, site: str) -> None:
    tree = git(
        repository, "mktree", data=b"100644 blob %s\tf.md\n" % git(repository, "hash-object", "-w", "about.md").strip()
    )
    for _ in range(6):
        tree = git(repository, "mktree", data=b"".join(b"040000 tree %s\t%d\n" % (tree.strip(), n) for n in range(8)))
    made = git(repository, "commit-tree", tree.decode().strip(), "-m", "much").decode().strip()
    git(repository, "update-ref", "refs/heads/main", made)

    status, told = run(f"{site}/shell/.git")

    assert status == 1
    assert "holds over 2000 files" in told


def test_what_is_larger_than_it_may_be_is_stopped(
    run: Run, repository: Path, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repositories, "MAX_PACK", 100)

    status, told = run(f"{site}/shell/.git", "--yes")

    assert status == 1
    assert "The repository can't be fetched:" in told
    assert tiny() is None


def test_what_does_not_end_is_stopped(run: Run, repository: Path, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repositories, "TIME_S", 0)

    assert "it took longer than 0 seconds" in run(f"{site}/shell/.git")[1]


@pytest.mark.parametrize(
    ("url", "ref", "folder", "told"),
    [
        ("ext::sh -c 'touch hacked'", "HEAD", "", "must begin with https:// or http://"),
        ("ssh://example.org/a.git", "HEAD", "", "must begin with https:// or http://"),
        ("git@example.org:a.git", "HEAD", "", "must begin with https:// or http://"),
        ("/srv/a.git", "HEAD", "", "must begin with https:// or http://"),
        ("--upload-pack=touch hacked", "HEAD", "", "must begin with https:// or http://"),
        ("file:///srv/a.git", "HEAD", "", "with --from-disk only"),
        ("http://127.0.0.1/a.git", "--upload-pack=touch hacked", "", "--ref must be the name"),
        ("http://127.0.0.1/a.git", "a:b", "", "--ref must be the name"),
        ("http://127.0.0.1/a.git", "HEAD", "../up", "--folder must be a path"),
    ],
)
def test_what_git_would_take_for_something_else_is_refused(url: str, ref: str, folder: str, told: str) -> None:
    with pytest.raises(repositories.NotFetched, match=re.escape(told)):
        repositories.check(url, ref, folder)


def test_git_itself_speaks_no_protocol_that_was_not_allowed(tmp_path: Path, repository: Path) -> None:
    for url in (f"file://{repository}", "ext::sh -c 'touch hacked'", "ssh://127.0.0.1/a.git"):
        with pytest.raises(repositories.NotFetched, match="not allowed"):
            repositories.Git(tmp_path, ["https", "http"]).run("ls-remote", "--", url)


def test_secrets_in_an_address_are_not_told(run: Run) -> None:
    status, said = run("http://name:secret@127.0.0.1:1/a.git")

    assert (status, "secret" in said) == (1, False)
    assert "The repository can't be fetched" in said


def test_a_repository_on_the_disk_is_read_where_that_is_said(run: Run, repository: Path) -> None:
    assert "would create  course tiny\n" in run(f"file://{repository}", "--from-disk")[1]


def test_a_server_that_leads_elsewhere_is_not_followed_to_the_disk(run: Run, repository: Path, tmp_path: Path) -> None:
    to_disk = f"HTTP/1.0 302 Found\r\nLocation: file://{repository}/info/refs\r\n\r\n".encode()

    with served(tmp_path, to_disk) as url:
        status, told = run(f"{url}/shell/.git")

    assert status == 1
    assert "The repository can't be fetched" in told


def test_nothing_of_the_persons_settings_is_obeyed(
    run: Run, repository: Path, site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[url "{site}/nowhere/"]\n\tinsteadOf = {site}/\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", str(home))

    assert run(f"{site}/shell/.git")[0] == 0
