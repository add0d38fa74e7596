"""The chart library of the dashboard, written once at set-up from the wheel that ships it.

`python -m api.vendor` writes `dashboard/vendor/vega.<hash>.js` and `vega.json`, which names it: the hash in
the name lets browsers keep the file for ever, and no request ever leaves for another host.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import vl_convert

from api.project import PROJECT

FOLDER = PROJECT / "dashboard" / "vendor"


def write_bundle(folder: Path = FOLDER) -> Path:
    """Write Vega, Vega-Lite and vega-embed as one module into `folder` and return its path."""
    code = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").encode()
    folder.mkdir(parents=True, exist_ok=True)
    bundle = folder / f"vega.{hashlib.sha256(code).hexdigest()[:16]}.js"
    for old in folder.glob("vega.*.js"):
        old.unlink()
    bundle.write_bytes(code)
    (folder / "vega.json").write_text(json.dumps({"bundle": bundle.name}) + "\n")
    return bundle


if __name__ == "__main__":
    write_bundle()
