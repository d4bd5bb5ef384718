"""Installing happens when a lock file changed, and only then; what was cut off is made anew."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli import checks, install, lint_js
from cli.checks import Refusal
from tests.sites import free_port


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with requirements and a virtual environment that has nothing but a Python."""
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "requirements.txt").write_text("one==1\n")
    (tmp_path / "requirements-dev.txt").write_text("two==2\n")
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "VENV", venv)
    monkeypatch.setattr(install, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(install, "UNFINISHED", venv / ".unfinished")
    return tmp_path


@pytest.fixture
def asked(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requirement files that pip was asked for; the network isn't these tests' affair."""
    found: list[str] = []
    monkeypatch.setattr(install, "pip", lambda *arguments: found.append(Path(arguments[-1]).name))
    return found


def test_nothing_is_installed_twice(root: Path, asked: list[str]) -> None:
    install.install_python(["requirements.txt"])
    install.install_python(["requirements.txt"])

    assert asked == ["requirements.txt"]


def test_changed_requirements_are_installed(root: Path, asked: list[str]) -> None:
    install.install_python(["requirements.txt"])
    (root / "requirements.txt").write_text("one==1.1\n")

    install.install_python(["requirements.txt"])

    assert asked == ["requirements.txt", "requirements.txt"]


def test_tests_requirements_contain_the_others(root: Path, asked: list[str]) -> None:
    both = ["requirements.txt", "requirements-dev.txt"]

    install.install_python(both)
    install.install_python(["requirements.txt"])

    assert asked == ["requirements-dev.txt"]


def test_installation_that_was_cut_off_is_not_trusted(
    root: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*arguments: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(install, "pip", cut_off)

    with pytest.raises(KeyboardInterrupt):
        install.install_python(["requirements.txt"])

    assert not install.is_installed(["requirements.txt"])
    assert install.UNFINISHED.exists()


def test_read_only_checkout_is_told_before_anything_is_made(
    root: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks.os, "access", lambda path, mode: Path(path) != root)

    with pytest.raises(Refusal, match="can't write to"):
        install.install_python(["requirements.txt"])

    assert asked == []
    assert not install.UNFINISHED.exists()


def test_folder_that_python_cannot_take_is_told_before_anything_is_made(
    root: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    colon = root / "x:y"
    colon.mkdir()
    (colon / "requirements.txt").write_text("one==1\n")
    monkeypatch.setattr(install, "ROOT", colon)

    with pytest.raises(Refusal, match="clone to a folder without : in its name"):
        install.install_python(["requirements.txt"])

    assert asked == []


def test_folder_that_cannot_be_written_is_one_line(
    root: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["install"])
    monkeypatch.setattr(install, "UNFINISHED", root / "requirements.txt" / ".unfinished")

    with pytest.raises(Refusal, match="Not a directory"):
        install.main()


def test_data_folder_on_a_full_disk_costs_no_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    var = tmp_path / "var"
    monkeypatch.setenv("YURT_VAR", str(var))
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setattr(checks, "require_space", lambda folder, needed: asked.append(folder))
    asked: list[Path] = []

    checks.before_installing(tmp_path)

    assert asked == [tmp_path, var]


def test_environment_of_another_place_is_not_trusted(
    root: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    install.install_python(["requirements.txt"])
    moved = root / "moved"
    install.VENV.rename(moved)
    monkeypatch.setattr(install, "VENV", moved)
    monkeypatch.setattr(install, "PYTHON", moved / "bin" / "python")

    assert not install.is_installed(["requirements.txt"])


@pytest.mark.parametrize(("version", "is_enough"), [("v20.1.0", True), ("v24.19.0", True), ("v18.20.4", False)])
def test_npm_of_the_machine_is_used_where_node_is_new_enough(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, is_enough: bool
) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    asked: list[str] = []

    def installed(*arguments: str) -> None:
        asked.append(Path(arguments[-1]).name)
        raise LookupError

    monkeypatch.setattr(install, "pip", installed)

    if is_enough:
        assert install.find_npm()[0] == [str(tmp_path / "npm")]
    else:
        with pytest.raises(LookupError):
            install.find_npm()
        assert asked == ["requirements-npm.txt"]


@pytest.mark.parametrize(
    ("version", "is_enough"),
    [
        ("v20.18.1", False),
        ("v20.19.0", True),
        ("v21.7.3", False),
        ("v22.12.0", False),
        ("v22.13.0", True),
        ("v23.11.0", False),
        ("v24.0.0", True),
        ("v26.1.0", True),
    ],
)
def test_lint_asks_for_a_node_that_eslint_supports(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, is_enough: bool
) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    asked: list[str] = []

    def installed(*arguments: str) -> None:
        asked.append(Path(arguments[-1]).name)
        raise LookupError

    monkeypatch.setattr(install, "pip", installed)

    if is_enough:
        assert install.find_npm(lint_js.NODE_FOR_ESLINT)[0] == [str(tmp_path / "npm")]
    else:
        with pytest.raises(LookupError):
            install.find_npm(lint_js.NODE_FOR_ESLINT)
    assert asked == ([] if is_enough else ["requirements-npm.txt"])


@pytest.fixture
def node_modules(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a lock file, where npm installs two empty folders at most, as `npm ci` does."""
    (root / "package.json").write_text("{}")
    (root / "package-lock.json").write_text("{}")
    folder = root / "node_modules"
    npm = root / "npm"
    npm.write_text(
        '#!/bin/sh\ncd "$(dirname "$0")"\n[ "$1" = run ] && exec mkdir -p static/vendor\n'
        "rm -rf node_modules; mkdir -p node_modules/xterm\n"
        'case "$*" in *--omit=dev*) ;; *) mkdir node_modules/eslint ;; esac\n'
    )
    npm.chmod(0o755)
    monkeypatch.setattr(install, "NODE_MODULES", folder)
    monkeypatch.setattr(install, "find_npm", lambda: ([str(npm)], {"PATH": "/usr/bin:/bin"}))
    return folder


def test_what_only_lint_needs_is_not_installed_to_run(node_modules: Path) -> None:
    install.install_front_end(with_dev=False)

    assert (node_modules / "xterm").is_dir()
    assert not (node_modules / "eslint").exists()


def test_running_keeps_what_lint_needs(node_modules: Path) -> None:
    install.install_front_end(with_dev=False)
    install.install_front_end(with_dev=True)
    install.install_front_end(with_dev=False)

    assert (node_modules / "eslint").is_dir()


def test_changed_lock_file_is_installed(node_modules: Path) -> None:
    install.install_front_end(with_dev=True)
    (node_modules / "xterm").rmdir()
    (node_modules.parent / "package-lock.json").write_text('{"lockfileVersion": 3}')

    install.install_front_end(with_dev=True)

    assert (node_modules / "xterm").is_dir()


def test_lint_leaves_alone_what_is_installed_or_made(tmp_path: Path) -> None:
    for name in ("eslint.config.js", "package.json"):
        (tmp_path / name).write_text((install.ROOT / name).read_text())
    (tmp_path / "node_modules").symlink_to(install.NODE_MODULES)
    for folder in (".venv/lib/package", "var/labs", "static/vendor"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "other.js").write_text("var a = b")
    (tmp_path / "static" / "js").mkdir()
    (tmp_path / "static" / "js" / "ours.js").write_text("var a = b")

    program = install.NODE_MODULES / ".bin" / "eslint"
    done = subprocess.run([program, "."], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "ours.js" in done.stdout
    assert "other.js" not in done.stdout


@pytest.mark.parametrize(
    ("there", "packages", "asked_for", "serves"),
    [
        ([], ["chromium-headless-shell", "chromium"], ["chromium-headless-shell"], "chromium-headless-shell"),
        ([], ["chromium"], ["chromium-headless-shell", "chromium"], "chromium"),
        (["chromium"], ["chromium-headless-shell"], ["chromium-headless-shell"], "chromium-headless-shell"),
        (["chromium"], [], ["chromium-headless-shell"], "chromium"),
        (["chromium-headless-shell"], [], [], "chromium-headless-shell"),
    ],
)
def test_the_light_chromium_is_asked_for_once_and_another_serves_too(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    there: list[str],
    packages: list[str],
    asked_for: list[str],
    serves: str,
) -> None:
    asked: list[str] = []
    programs = root / "programs"
    programs.mkdir()

    def put(name: str) -> bool:
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
        return True

    def apt_install(package: str) -> bool:
        asked.append(package)
        return package in packages and put(package)

    for name in there:
        put(name)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(install, "CHROMIUM_MAC", ())
    monkeypatch.setattr(install, "apt_install", apt_install)
    monkeypatch.setattr(install, "_is_ubuntu", lambda: False)
    monkeypatch.setattr(install, "_playwright_has_one", lambda: False)

    install.install_chromium()
    install.install_chromium()

    assert asked == asked_for
    assert install.find_chromium() == str(programs / serves)
