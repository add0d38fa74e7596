"""The pictures of the documents: taken by a script from the running system, and small."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tests.dashboard.pictures import FOLDER, LARGEST_BYTES, PICTURES, ROOT, take


def test_pictures_are_taken_from_the_running_system(
    browser: Browser, address: str, cast: dict[str, str], tmp_path: Path
) -> None:
    """A script that nobody runs between releases fails on the day that it is needed."""
    wanted = [picture for picture in PICTURES if picture.name in ("class", "desk", "week-on-a-phone")]
    take(browser, address, cast, tmp_path, wanted)
    for picture in wanted:
        with Image.open(tmp_path / f"{picture.name}.png") as taken:
            assert taken.size == (picture.width, picture.height)
            assert len(taken.getcolors() or []) > 8


def test_the_documents_have_every_picture_and_the_readme_shows_one() -> None:
    pictures = {path.stem: path.stat().st_size for path in FOLDER.glob("*.png")}
    assert set(pictures) == {picture.name for picture in PICTURES}
    assert max(pictures.values()) <= LARGEST_BYTES
    assert "](docs/pictures/overview.png)" in (ROOT / "README.md").read_text()
