"""Every command and every query of the documents runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import MakeDatabase, School
from tests.docs.blocks import AT_SOURCE, DOCS, LANGUAGES, NOT_RUN, PROJECT, blocks_of, reader

PAGES = sorted([PROJECT / "README.md", *DOCS.rglob("*.md")])
LINKING = [*PAGES, PROJECT / "deploy" / "README.md"]
RENAMED = Path(__file__).with_name("renamed.sql")
# Pages whose blocks have tests of their own.
ELSEWHERE = {"docs/analysts.md", "docs/security.md"}
NIGHTS = ["README.md", "docs/operations.md", "docs/at-risk.md", "docs/report.md", "docs/scaling.md"]
MOST_NOT_RUN = 8
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ENGAGEMENT = """
SELECT dim_school.code, activity_date, active_users, wau, mau, activities, xp, sessions
FROM engagement_daily JOIN dim_school USING (school_key)
WHERE activity_date BETWEEN DATE '2026-08-01' AND DATE '2026-11-17'
ORDER BY ALL
"""


@pytest.mark.slow
@pytest.mark.parametrize("page", NIGHTS)
def test_a_page_can_be_followed_from_its_first_block_to_its_last(page: str, own_school: School) -> None:
    """A guide that was right once sends people to a wall."""
    follower = reader(own_school.settings.data_dir.parent, own_school.source_url)
    follower.environment["SCHOOLHOUSE_SOURCE_URL"] = own_school.source_url
    blocks = [one for one in blocks_of(PROJECT / page) if one.is_run]
    assert blocks
    for block in blocks:
        follower.follow(block)


@pytest.mark.slow
def test_getting_started_on_a_platform_with_other_names(
    school: School, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """Views that lose or move rows would make a warehouse that nobody can tell from a right one."""
    follower = reader(tmp_path, make_database(template=school.pristine))
    follower.at_source(RENAMED.read_text())
    blocks = [one for one in blocks_of(DOCS / "getting-started.md") if one.is_run]
    expected_names = [one for one in blocks if "expected names" in one.says]
    for block in (one for one in blocks if one not in expected_names):
        follower.follow(block)
    other = reader(school.settings.data_dir.parent, school.source_url)
    (tmp_path / "as-it-should-be").mkdir()
    (tmp_path / "as-it-should-be" / "data").symlink_to(school.settings.data_dir)
    other.folder = tmp_path / "as-it-should-be"
    figures = other.marts(ENGAGEMENT)
    assert len(expected_names) == 1
    assert len(figures) > 100
    assert follower.marts(ENGAGEMENT) == figures
    # The grants for a platform that has the names: its own database, where nothing was renamed.
    reader(tmp_path, make_database(template=school.pristine)).follow(expected_names[0])


def test_every_block_is_run_somewhere_and_few_are_not() -> None:
    """A block in no test is a promise that nobody keeps."""
    followed = {*NIGHTS, *ELSEWHERE, "docs/getting-started.md"}
    blocks = [block for page in PAGES for block in blocks_of(page)]
    assert {block.page for block in blocks if block.is_run} <= followed
    left_out = [block for block in blocks if block.language in LANGUAGES and not block.is_run]
    assert all(len(block.says) > len(NOT_RUN) + 5 for block in left_out)
    assert len(left_out) <= MOST_NOT_RUN
    assert {block.language for block in blocks} <= {*LANGUAGES, "json"}
    assert any(block.says.startswith(AT_SOURCE) for block in blocks)


@pytest.mark.parametrize("page", LINKING, ids=[page.parent.name + "/" + page.name for page in LINKING])
def test_links_lead_to_a_file_and_a_heading(page: Path) -> None:
    """A renamed page or heading leaves readers where they were."""
    for target, anchor in _LINK.findall(page.read_text()):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            headings = {_anchor(heading) for heading in _HEADING.findall(file.read_text())}
            assert anchor[1:] in headings, f"{target}{anchor}"


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
