# SPDX-License-Identifier: MIT
"""The folder where everything that is made is kept, so that a run that was stopped goes on."""
import concurrent.futures
import hashlib
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DECIDING = "sentences.tsv requirements.txt requirements-full.txt ears.py engine.py sources.py takes.py".split()


def key(engine):
    """Another program, model, set of sentences or ear has a folder of its own."""
    files = [engine.program, *(os.path.join(HERE, name) for name in DECIDING)]
    files += [os.path.join(engine.model, name) for name in sorted(os.listdir(engine.model)) if name != "README.md"]
    digest = hashlib.sha256()
    for path in filter(os.path.isfile, files):
        with open(path, "rb") as f:
            digest.update(hashlib.sha256(f.read()).digest())
    return digest.hexdigest()[:12]


def kept(path, make):
    """A file that is made once, and whole or not at all."""
    if not os.path.isfile(path):
        part = os.path.join(os.path.dirname(path), "part-" + os.path.basename(path))
        make(part)
        os.replace(part, path)
    return path


class Work:
    def __init__(self, path, engine, processes):
        self.path = os.path.join(path, key(engine))
        self.pool = concurrent.futures.ProcessPoolExecutor(processes, initializer=signal.signal,
                                                           initargs=(signal.SIGINT, signal.SIG_IGN))

    def folder(self, *parts):
        path = os.path.join(self.path, *parts)
        os.makedirs(path, exist_ok=True)
        return path

    def each(self, what, function, jobs):
        """function(*job) of every job, in processes."""
        began = time.monotonic()
        waiting = [self.pool.submit(function, *job) for job in jobs]
        try:
            out = [w.result() for w in waiting]
        except BaseException:
            self.pool.shutdown(wait=True, cancel_futures=True)
            raise
        print(f"{what}: {len(jobs)} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        return out
