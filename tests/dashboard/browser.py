"""The browser of the tests: Playwright's own Chromium when it is there, else the system's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REQUIRED = "SCHOOLHOUSE_REQUIRE_BROWSER"
ADVICE = "no Chromium is installed: `make browser` installs one as root, or install the package chromium"
# As root there is no sandbox to have; the rest keeps the browser itself from calling home.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def is_required() -> bool:
    """Whether a run without a browser has to fail instead of skipping."""
    return os.environ.get(REQUIRED, "") not in ("", "0")


def executable(playwright: Playwright) -> str | None:
    """Path of a Chromium, or None."""
    own = playwright.chromium.executable_path
    return own if Path(own).is_file() else next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser | None]:
    """A running Chromium without a window, or None when there is none to run."""
    with sync_playwright() as playwright:
        path = executable(playwright)
        if path is None:
            yield None
            return
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def main() -> int:
    """Exit code 0 when a Chromium is there, 1 with advice otherwise; for make."""
    with sync_playwright() as playwright:
        path = executable(playwright)
    print(f"Chromium: {path}" if path else f"No browser tests: {ADVICE}.")  # noqa: T201
    return int(path is None)


if __name__ == "__main__":
    raise SystemExit(main())
