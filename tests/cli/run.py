#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program as a user has it: run.py PROGRAM DATA_DIR [first|second|SECTION...]

DATA_DIR holds tiny/ and odd/, two small random models with their golden numbers.  A line for
each failed case; the last line is "N passed, N failed".
"""
import json
import os
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the tests may lie where nothing may be written

import bench
import checkpoints
import config
import devices
import dialogue
import formats
import golden
import hub
import long
import lora
import manual
import models
import pack
import prepare
import refusals
import report_audio
import report_models
import report_text
import sound
import stream
import terminal
import usage
import voices
import windows
from harness import Program, Tally


# The first of these begins the second half: two halves at once are done sooner.
SECOND = "refusals"

# Kinds of sections.
EXACT, PLAIN, AUTO, ALWAYS = "minutes under a sanitizer", "every command", "about what auto is", "makes what others need"


def levels(program):
    done = program.good("info --json", "info", "--json")
    return json.loads(done.stdout)["isa"] if done else ["c"]


def is_forced_in_vain(path):
    """Is "auto" forced (TEST_AUTO_PRECISION) to what it is anyway?  The program itself is tested so."""
    own = os.path.join(os.path.dirname(path), "echotts")
    forced = os.environ.get("TEST_AUTO_PRECISION")
    if not forced or not os.path.exists(own):
        return False
    done = subprocess.run([own, "info", "--json"], capture_output=True, check=False)
    model = json.loads(done.stdout or "{}").get("model") or {}
    return model.get("precision") == forced


def main(path, data, named):
    tally = Tally()
    if is_forced_in_vain(os.path.abspath(path)):
        print("auto is this here, and the program is tested with it\n1 passed, 0 failed")
        return 0
    with tempfile.TemporaryDirectory(prefix="echotts-cli-") as folder:
        program = Program(os.path.abspath(path), os.path.abspath(data), folder, tally)
        isa = levels(program)
        # Where "auto" is forced, only what depends on it; under a sanitizer, not what C tests do there, too.
        sections = [
            ("golden tiny", EXACT, lambda: golden.check(program, "tiny", isa)),
            ("golden odd", EXACT, lambda: golden.check(program, "odd", isa)),
            ("manual", EXACT, lambda: manual.check(program)),
            ("config", PLAIN, lambda: config.check(program)),
            ("devices", EXACT, lambda: devices.check(program)),
            ("formats", PLAIN, lambda: formats.check(program)),
            ("long", EXACT, lambda: long.check(program)),
            ("dialogue", EXACT, lambda: dialogue.check(program)),
            ("stream", EXACT, lambda: stream.check(program)),
            ("usage", PLAIN, lambda: usage.check(program)),
            ("sound", PLAIN, lambda: sound.check(program)),
            ("prepare", PLAIN, lambda: prepare.check(program)),
            ("reports: audio", PLAIN, lambda: report_audio.check(program)),
            ("reports: text", EXACT, lambda: report_text.check(program)),
            ("refusals", ALWAYS, lambda: refusals.check(program)),
            ("reports: models", PLAIN, lambda: report_models.check(program)),
            ("checkpoints", PLAIN, lambda: checkpoints.check(program)),
            ("terminal", PLAIN, lambda: terminal.check(program)),
            ("voices", PLAIN, lambda: voices.check(program)),
            ("windows", EXACT, lambda: windows.check(program)),
            ("models", AUTO, lambda: models.check(program)),
            ("hub", PLAIN, lambda: hub.check(program)),
            ("pack", AUTO, lambda: pack.check(program, isa)),
            ("lora", PLAIN, lambda: lora.check(program)),
            ("bench", AUTO, lambda: bench.check(program)),
        ]
        if os.environ.get("TEST_AUTO_PRECISION"):
            wanted = (AUTO, ALWAYS)
        elif os.environ.get("TEST_SANITIZED"):
            wanted = (PLAIN, ALWAYS)
        else:
            wanted = (EXACT, PLAIN, AUTO, ALWAYS)
        middle = [name for name, _, _ in sections].index(SECOND)
        halves = {("first",): sections[:middle], ("second",): sections[middle:]}
        for name, kind, section in halves.get(named, sections):
            if name not in named if named and named not in halves else kind not in wanted:
                continue
            began = time.monotonic()
            section()
            print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], tuple(sys.argv[3:])))
