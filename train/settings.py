# SPDX-License-Identifier: MIT
"""What the stages share: where they work, how they are called, the frame."""
import argparse
import os

HOP = 2048
HERE = os.path.dirname(os.path.abspath(__file__))


def arguments(doc, parts=(), folder=None, **extra):
    """Every stage takes --work and --rehearse; extra: name=(default, help).

    With parts the first word says which of them is meant, and is returned before the rest.
    """
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    if parts:
        p.add_argument("part", choices=parts)
    if folder:
        p.add_argument("folder", nargs="?", default=folder, help="where to write (%(default)s)")
    p.add_argument("--work", default=os.path.join(HERE, "work"), help="folder of everything that is made")
    p.add_argument("--rehearse", action="store_true", help="tiny sizes: to see that the stage runs")
    for name, (default, text) in extra.items():
        kind = {"action": "store_true"} if default is False else {"default": default, "type": type(default)}
        p.add_argument("--" + name.replace("_", "-"), help=text, **kind)
    a = p.parse_args()
    os.makedirs(a.work, exist_ok=True)
    return (a.part, a) if parts else a
