"""A person at the dashboard: one tab, what it shows, and what went wrong in it."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import httpx
from playwright.sync_api import Browser, Locator, Page

from tests.api.serving import BASE

Scheme = Literal["light", "dark"]
PATIENCE_SECONDS = 60.0


class Visitor:
    """Opens views and reads them. `api` asks the server what the page should have shown."""

    def __init__(self, page: Page, address: str, token: str) -> None:
        self.page = page
        self.address = address
        self.token = token
        self.problems: list[str] = []
        self.requests: list[str] = []
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("request", lambda request: self.requests.append(request.url))

    def sign_in(self, place: str = "/") -> None:
        """By the link: the token is in the fragment and taken out of the address at once."""
        self.page.goto(f"{self.address}/#token={self.token}&to={quote(place)}")
        self.settle()

    @property
    def place(self) -> str:
        """What the address says after the #: the view and its filters."""
        return self.page.url.partition("#")[2]

    def open(self, place: str) -> None:
        """Go to a view by its address, such as /classes."""
        self.page.evaluate("place => { location.hash = `#${place}`; }", place)
        self.page.locator(f'main[data-place="#{place}"]').wait_for()
        self.settle()

    def settle(self) -> None:
        """Wait until everything is loaded and drawn."""
        self.page.locator("main:not([aria-busy]) h1").first.wait_for()
        self.page.locator("main .skeleton, main [aria-busy=true]").first.wait_for(state="detached")

    def until(self, condition: Callable[[], bool]) -> None:
        """Let the page go on until something is true that the page itself cannot tell."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"it does not happen; the page said: {self.problems}"
            self.page.wait_for_timeout(20)

    def expect(self, problem: str) -> None:
        """What the console said of this is what the test is about."""
        self.until(lambda: any(problem in heard for heard in self.problems))
        self.problems = [heard for heard in self.problems if problem not in heard]

    @property
    def heading(self) -> str:
        """The view's title."""
        return self.page.locator("main h1").inner_text()

    def text(self) -> str:
        """All text of the view."""
        return self.page.locator("main").inner_text()

    def tiles(self) -> dict[str, str]:
        """Figures of the tiles by label."""
        read = (
            "tiles => tiles.map(tile => ['dt', '.figure'].map(part => tile.querySelector(part).textContent))"
        )
        return dict(self.page.locator(".tile").evaluate_all(read))

    def card(self, title: str) -> Locator:
        """The card with that title."""
        heading = self.page.get_by_role("heading", name=title, exact=True, level=2)
        return self.page.locator("section.card").filter(has=heading)

    def rows(self, title: str) -> list[list[str]]:
        """Cells of the table in the card, row by row, without the head."""
        read = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
        found: list[list[str]] = self.card(title).locator("tbody tr").evaluate_all(read)
        return found

    def drawn(self, title: str) -> list[dict[str, Any]]:
        """The rows that the card's chart was drawn from, as the chart itself holds them."""
        read = "card => card.querySelector('.scroll-x').view.data('source_0').map(row => ({...row}))"
        found: list[dict[str, Any]] = self.card(title).evaluate(read)
        return found

    def saved(self, title: str, name: str = "CSV") -> Path:
        """The file that a button of the card downloads."""
        with self.page.expect_download() as download:
            self.card(title).get_by_role("button", name=name).click()
        return Path(download.value.path())

    def csv(self, title: str) -> list[dict[str, str]]:
        """The rows of the card's CSV."""
        return list(csv.DictReader(io.StringIO(self.saved(title).read_text())))

    def ask(self, path: str, **params: Any) -> Any:
        """`data` of the API's answer to the same caller."""
        return self.answer(path, **params)["data"]

    def answer(self, path: str, **params: Any) -> Any:
        """The API's whole answer to the same caller."""
        url, headers = f"{self.address}{BASE}{path}", {"Authorization": f"Bearer {self.token}"}
        answer = httpx.get(url, params=params, headers=headers, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def elsewhere(self) -> list[str]:
        """Addresses of requests to any other host."""
        own = urlsplit(self.address).netloc
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != own
        ]

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.problems.append(f"{kind}: {text}")


@contextmanager
def visiting(
    browser: Browser,
    address: str,
    token: str,
    *,
    width: int = 1280,
    height: int = 900,
    scheme: Scheme = "light",
    locale: str = "en-US",
    timezone_id: str = "Europe/Copenhagen",
    **more: Any,
) -> Iterator[Visitor]:
    """A visitor in a tab of its own, by default with the locale en-US and a device in Copenhagen."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        locale=locale,
        timezone_id=timezone_id,
        **more,
    )
    try:
        yield Visitor(context.new_page(), address, token)
    finally:
        context.close()
