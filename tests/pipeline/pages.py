"""A report read back as its reader sees it: tiles and tables by their words, and every element."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Page:
    """Tiles by label, tables by caption, all text, and every element with its attributes."""

    tiles: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    text: str = ""
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)

    def table(self, caption: str) -> dict[str, list[str]]:
        """Rows of the table whose caption begins so, by their first cell."""
        return next(rows for name, rows in self.tables.items() if name.startswith(caption))


def read_page(html: str) -> Page:
    """What is on the page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.page.text = " ".join(reader.page.text.split())
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._words: list[str] = []
        self._label = self._caption = ""
        self._row: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.elements.append((tag, dict(attrs)))
        if tag in ("dt", "caption", "th", "td") or dict(attrs).get("class") in ("figure", "when"):
            self._words = []
        if tag == "tr":
            self._row = []

    def handle_endtag(self, tag: str) -> None:
        text = " ".join("".join(self._words).split())
        if tag == "dt":
            self._label = text
        elif tag == "span" and self._label:
            self.page.tiles[self._label], self._label = text, ""
        elif tag == "caption":
            self._caption = text
            self.page.tables[text] = {}
        elif tag in ("th", "td"):
            self._row.append(text)
        elif tag == "tr":
            self.page.tables[self._caption][self._row[0]] = self._row[1:]

    def handle_data(self, data: str) -> None:
        self._words.append(data)
        self.page.text += data
