# SPDX-License-Identifier: MIT
"""Models, voices and command lines that people reported: tests/data/reports/README.md, third table."""

def check(p):
    del p
