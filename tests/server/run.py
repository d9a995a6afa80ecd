#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The server as its users have it: run.py PROGRAM MODEL DATA_DIR [SECTION...]

The interpreter has the packages of install.sh, but for `litellm` (lite.py says how to run that).
A line for each failed case; the last line is "N passed, N failed".
"""
import importlib
import os
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the tests may lie where nothing may be written
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "cli"))

from harness import Tally
from serving import Site

# Sections, and the modules that have them.
API = {"speech": "api_speech", "fields": "api_fields", "stream": "api_stream", "routes": "api_routes",
       "load": "api_load", "abuse": "abuse"}
PACKAGES = {"clients": "clients", "openapi": "openapi", "wyoming": "wyoming_clients"}
BY_HAND = {"litellm": "lite"}


def chosen(names):
    """The sections of these names; of none, all but those that are run by hand."""
    known = {**API, "voices": "voices", "activation": "activation", **PACKAGES, **BY_HAND}
    if not names:
        # Under a sanitizer, without the packages.
        left_out = {**BY_HAND, **(PACKAGES if os.environ.get("TEST_SANITIZED") else {})}
        names = [name for name in known if name not in left_out]
    names = [n for name in names for n in (API if name == "api" else [name])]
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"no section {unknown[0]}: there are api, {', '.join(known)}")
    return {name: importlib.import_module(known[name]) for name in names}


def main(path, model, data, names):
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="echotts-server-") as folder:
        site = Site(os.path.abspath(path), os.path.abspath(model), os.path.abspath(data), folder, tally)
        for name, section in chosen(names).items():
            began = time.monotonic()
            try:
                section.check(site)
            except Exception as e:  # pylint: disable=broad-except
                import traceback
                tally.check(f"section {name} ends", False, traceback.format_exc() if e else "")
            print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:4], sys.argv[4:]))
