"""The morning report in a browser: on a phone, at a desk, in the dark and on paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from pipeline.report.write import write_report
from tests.conftest import School
from tests.dashboard.test_look import SCREENSHOTS

pytestmark = pytest.mark.timeout(900)  # the published school is made within the first test
CLIPPED = """() => [...document.querySelectorAll('main :not(svg, svg *)')].filter((one) => {
    const {overflowX, display} = getComputedStyle(one);
    return overflowX === 'visible' && display !== 'inline' && one.scrollWidth > one.clientWidth + 1;
}).map((one) => one.outerHTML.slice(0, 90))"""
SHOWN = "() => [...document.querySelectorAll('figure svg')].filter((one) => one.checkVisibility()).length"


@pytest.fixture(scope="module")
def report(school: School, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform's report of the generated school."""
    return write_report(school.settings, None, tmp_path_factory.mktemp("report") / "platform.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_page_is_readable_for_everybody(browser: Browser, report: Path, width: int, scheme: str) -> None:
    """Guards against figures that are cut off, too pale to read, or fetched from somebody else's machine."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True
    )
    with context:
        page, heard = _open(context.new_page(), report)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CLIPPED) == []
        assert page.evaluate(SHOWN) == 2
        violations = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["target"]) for one in violations] == []
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"report-{width}-{scheme}.png", full_page=True)
    assert heard == []


def test_paper_is_white_and_whole(browser: Browser, report: Path) -> None:
    """Guards against sheets of black, printed by somebody whose screen is dark."""
    with browser.new_context(viewport={"width": 700, "height": 900}, color_scheme="dark") as context:
        page, heard = _open(context.new_page(), report)
        page.emulate_media(media="print", color_scheme="dark")
        ink, paper = page.evaluate(
            "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
        assert (ink, paper) == ("rgb(26, 34, 48)", "rgb(255, 255, 255)")
        assert page.evaluate(SHOWN) == 2
        assert page.pdf(format="A4", print_background=True).startswith(b"%PDF")
    assert heard == []


def _open(page: Page, report: Path) -> tuple[Page, list[str]]:
    """The page, and everything that it asked for or complained of."""
    heard: list[str] = []
    page.on("request", lambda request: heard.append(request.url))
    page.on("console", lambda message: heard.append(message.text))
    page.goto(report.as_uri())
    heard.remove(report.as_uri())
    return page, heard
