"""docs/pictures/*.png, taken from a running demo of its own: `python -m tests.dashboard.pictures`.

The demo's data stay under build/, so that taking the pictures again is a matter of seconds.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from PIL import Image
from playwright.sync_api import Browser

from pipeline.commands.nightly import run_nightly
from pipeline.demo_source import demo_settings
from pipeline.demo_tour import serving, tokens
from pipeline.settings import read_settings
from tests.dashboard.browser import ADVICE, chromium
from tests.dashboard.visitor import Scheme, Visitor, visiting

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "pictures"
DATA = ROOT / "build" / "pictures"
COLOURS = 256
LARGEST_BYTES = 150_000
A_CLASS = "/classes/fullest"
LAST_LETTER = "\u024f"


@dataclass(frozen=True)
class Picture:
    """One view as somebody sees it."""

    name: str
    role: str
    place: str
    width: int = 1280
    height: int = 800
    scheme: Scheme = "light"


PICTURES = (
    Picture("overview", "admin", "/overview", height=1000),
    Picture("engagement", "admin", "/engagement?days=90", scheme="dark"),
    Picture("retention", "admin", "/retention", height=960),
    Picture("compliance", "admin", "/compliance", height=900),
    Picture("class", "teacher", A_CLASS, height=1120),
    Picture("lineage", "analyst", "/marts/engagement_daily", height=900),
    Picture("desk", "analyst", "/desk", height=1000),
    Picture("week-on-a-phone", "student", "/week", width=360, height=720),
)


def main() -> int:
    """Exit code 0 when every picture was taken, 1 with advice where no browser is to be had."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    settings = read_settings().model_copy(update={"data_dir": DATA})
    with chromium() as browser, demo_settings(settings) as own:
        if browser is None:
            print(f"No pictures: {ADVICE}.")  # noqa: T201
            return 1
        run_nightly(own, "pictures")
        with serving(own) as address:
            take(browser, address, tokens(own), FOLDER)
    return 0


def take(
    browser: Browser,
    address: str,
    signed: dict[str, str],
    folder: Path,
    pictures: Sequence[Picture] = PICTURES,
) -> None:
    """Write every picture into `folder`. Raises ValueError for one that is too large for a document."""
    folder.mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        shape = {"width": picture.width, "height": picture.height, "scheme": picture.scheme}
        with visiting(browser, address, signed[picture.role], **shape) as visitor:
            visitor.sign_in()
            _open(visitor, picture.place)
            content = _small(visitor.page.screenshot())
        if len(content) > LARGEST_BYTES:
            raise ValueError(f"{picture.name} has {len(content):,} bytes, more than {LARGEST_BYTES:,}")
        (folder / f"{picture.name}.png").write_bytes(content)


def _open(visitor: Visitor, place: str) -> None:
    visitor.open(_legible_class(visitor) if place == A_CLASS else place)
    if place == "/desk":
        visitor.page.locator("#sql").press("Control+Enter")
        visitor.card("Quick chart").wait_for()
        visitor.settle()
        visitor.page.evaluate("document.activeElement.blur()")
    if place.startswith("/marts/"):
        visitor.card("Lineage").scroll_into_view_if_needed()


def _legible_class(visitor: Visitor) -> str:
    """The fullest class without a name in letters that a machine without their fonts draws as boxes."""
    for chosen in sorted(visitor.ask("/classes/"), key=lambda row: -row["learners"]):
        learners = visitor.ask(f"/classes/{chosen['class_id']}/learners")
        if all(max(learner["name"]) <= LAST_LETTER for learner in learners):
            return f"/classes/{chosen['class_id']}"
    raise ValueError("every class has a name in other than Latin letters")


def _small(png: bytes) -> bytes:
    """The same picture in few colours: pages of text and flat shapes lose nothing that is seen."""
    with Image.open(io.BytesIO(png)) as picture:
        written = io.BytesIO()
        few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(written, "PNG", optimize=True)
    return written.getvalue()


if __name__ == "__main__":
    raise SystemExit(main())
