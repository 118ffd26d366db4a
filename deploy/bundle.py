#!/usr/bin/env python3
"""Prints the host script as the one file that is sent to a host.

    python3 bundle.py > deploy_llm_server.py

It is deploy_llm_server.py with the sources of slipway_host and the practice model put in. The app
makes the same bytes when it is built (crates/core/build.rs), without Python; a test compares them.
"""

import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
MARK = "# SOURCES\n"


def bundle():
    """The text of the one file."""
    files = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("slipway_host/**/*.py"))
    entries = []
    for file in ["practice_model.py"] + files:
        text = (FOLDER / file).read_text(encoding="utf-8")
        if "'''" in text:
            raise ValueError("%s holds three single quotes, which end its place in the bundle" % file)
        entries.append("SOURCES[\"%s\"] = r'''%s'''\n" % (file, text))
    before, mark, after = (FOLDER / "deploy_llm_server.py").read_text(encoding="utf-8").partition(MARK)
    return before + "".join(entries) + after


if __name__ == "__main__":
    sys.stdout.write(bundle())
