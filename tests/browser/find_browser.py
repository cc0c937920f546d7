"""`python -m tests.browser.find_browser`: makes sure that there is a Chromium for the browser tests.

Found, else installed by Playwright, else, as root on Debian, from its packages; else it says so and goes on: the
browser tests are then skipped, which fails the run where CI is set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL_SECONDS = 300


def find_browser() -> str | None:
    """The path of a Chromium that starts: DASHBOARD_TEST_BROWSER, the system's, Playwright's."""
    named = os.environ.get("DASHBOARD_TEST_BROWSER")
    candidates = [named] if named else [*filter(None, map(shutil.which, NAMES)), *_of_playwright()]
    return next((path for path in candidates if _starts(path)), None)


def browser_arguments() -> list[str]:
    """What Chromium must be started with: as root it refuses its own sandbox."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []


def ensure_browser() -> str | None:
    """As find_browser, after trying to install one where there is none."""
    if found := find_browser():
        return found
    print("No Chromium on this machine: trying to install one.", flush=True)
    _run([sys.executable, "-m", "playwright", "install", "chromium"])
    if found := find_browser():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _run(["apt-get", "update"])
        _run(["apt-get", "install", "--yes", "--no-install-recommends", "chromium"])
    return find_browser()


def _of_playwright() -> list[str]:
    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright"
    return [str(path) for path in sorted(Path(folder).glob("chromium*/*/*")) if path.name in _PLAYWRIGHT_NAMES]


_PLAYWRIGHT_NAMES = {"chrome", "chrome-headless-shell", "headless_shell"}


def _starts(path: str) -> bool:
    """A downloaded Chromium may lack the libraries it needs, which `--version` shows."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _run(command: list[str]) -> None:
    print("  " + " ".join(command), flush=True)
    try:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command, timeout=INSTALL_SECONDS, env=environment, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"  {error}", flush=True)


def main() -> None:
    """Always exits 0: without a browser the other tests are still worth running."""
    if ensure_browser() is None:
        line = "!" * 78
        print(
            f"{line}\nNo Chromium could be found or installed: THE BROWSER TESTS ARE SKIPPED.\n"
            f"Install chromium, or name one in DASHBOARD_TEST_BROWSER.\n{line}",
            flush=True,
        )


if __name__ == "__main__":
    main()
