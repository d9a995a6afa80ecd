#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the tests of a build and add up what they counted.

Usage: summary.py BUILD [options of ctest]

Each test prints "N passed, N failed" last.  One that ends otherwise (a crash, a sanitizer's report, a
time-out) counts as a failure more.  The output of a test is shown when something in it failed.
"""
import os
import re
import subprocess
import sys
import time

COUNTED = re.compile(r"^(\d+): (\d+) passed, (\d+) failed(?:, \d+ skipped)?$")
LINE = re.compile(r"^(\d+): (.*)$")
ENDED = re.compile(r"^ *\d+/\d+ Test +#(\d+): (\S+) \.+ *(\*\*\*)?(\S.*?) +([\d.]+) sec$")


def main():
    began, passed, failed = time.time(), 0, 0
    lines, counts = {}, {}
    jobs = min(4, os.cpu_count() or 1) + 1  # some wait: for a browser, for clients, for the end of a server
    command = ["ctest", "--test-dir", sys.argv[1], "-V", "-j", str(jobs), *sys.argv[2:]]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    for line in run.stdout:
        line = line.rstrip("\n")
        if m := COUNTED.match(line):
            counts[m[1]] = int(m[2]), int(m[3])
        if m := LINE.match(line):
            lines.setdefault(m[1], []).append(m[2])
        elif m := ENDED.match(line):
            good, bad = counts.get(m[1], (0, 0))
            if m[4] != "Passed" and not bad or good + bad == 0:
                bad += 1
            passed, failed = passed + good, failed + bad
            print(f"{'FAIL' if bad else 'ok  '} {m[2]:16s} {good:6d} passed {float(m[5]):6.1f} s", flush=True)
            if bad:
                print("\n".join("     " + x for x in lines.get(m[1], [m[4]])[-60:]), flush=True)
    run.wait()
    if not counts:
        print("no test was run")
        failed += 1
    print(f"in {time.time() - began:.0f} s")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0 or run.returncode != 0)


if __name__ == "__main__":
    main()
