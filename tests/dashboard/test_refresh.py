"""Numbers that change by themselves must not move what somebody reads, nor take the keyboard from them."""

from __future__ import annotations

from tests.dashboard.conftest import Visit

WATCH = """() => {
    window.flashes = 0;
    window.old = document.querySelector('main h1');
    new MutationObserver(() => { window.flashes += document.querySelectorAll('main .skeleton').length; })
        .observe(document.querySelector('main'), { childList: true, subtree: true });
}"""


def test_a_quiet_refresh_keeps_place_and_focus_and_shows_no_waiting(visit: Visit) -> None:
    """A change of the colour scheme draws the view anew by the same way as a new snapshot does."""
    visitor = visit("teacher", place="/overview", height=500)
    page = visitor.page
    link = page.get_by_role("link", name=visitor.rows("Just completed")[0][0]).last
    link.focus()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    before = page.evaluate("scrollY")
    page.evaluate(WATCH)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => !window.old.isConnected")
    visitor.settle()
    assert page.evaluate("window.flashes") == 0
    assert page.evaluate("scrollY") == before > 200
    assert page.evaluate("document.activeElement.textContent") == link.inner_text()
