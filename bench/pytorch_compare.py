#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""This program against PyTorch: the same model, the same weights, the same machine, in one run.

Usage: bench/pytorch_compare.py [options]          from the top of the sources, after `make`

The first run makes a virtual environment (1.3 GB, 0.54 GB of them downloaded) with PyTorch from PyPI, and, unless
--model names one, a random model of full size (7.5 GB of disk). It needs 16 GB of memory and, on two fast cores, ten
minutes and ten for each precision; --tiny tries everything on the small voice in a minute. The two programs are
timed in turns, round by round, on all cores, and how far their latents and sound are apart is told too.

PyTorch runs bench/pytorch_modules.py. Its steps are all the same work, so of its whole runs the parts are timed and
added up: guided steps as one batch of three, the other steps, text and decoding.
"""
import argparse
import array
import contextlib
import csv
import datetime
import importlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
import venv
import warnings
import wave

os.environ["ECHOTTS_CONFIG"] = "none"    # no settings of the user are measured

TORCH = "2.15.0"
NEEDED = ["filelock", "typing-extensions", "sympy", "networkx", "jinja2", "fsspec"]     # by `import torch`
CACHE = pathlib.Path("~/.cache/echotts").expanduser()
ROOT = pathlib.Path(__file__).resolve().parent.parent
WORDS = "The rain had stopped before the morning came and all the roads were dry again "
SAMPLING = ["--truncation-factor", 0.8, "--rescale-k", 0, "--cfg-scale-text", 3, "--cfg-scale-speaker", 8]
START = 0.999


def say(*what):
    print(*what, file=sys.stderr, flush=True)


# ---- PyTorch, without the GPU's libraries ----

def without_nvidia(lib):
    """
    Let PyTorch's wheel load without NVIDIA's 2 GB of libraries, of which nothing is called on a CPU.

    The wheel's libraries want them there and want their names resolved. So all names are defined in one library, and
    the files wanted are links to an empty one that leads to it. (In one file it cannot be: the loader expects version
    tables in a file it knows by name.)
    """
    names, files = set(), set()
    for path in lib.glob("lib*.so"):
        out = subprocess.run(["nm", "-D", "--undefined-only", path], capture_output=True, text=True, check=True).stdout
        names |= {line.split()[-1].split("@")[0] for line in out.splitlines()}
        out = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
        files |= set(re.findall(r"NEEDED.*\[(lib(?:cu|nccl|nv).*)\]", out)) - {"libcuda.so.1"}
    code = "".join(f"long {name}(void) {{ return 999; }}\n" for name in sorted(names)
                   if re.match(r"(__)?(cu|nccl|nv)", name))
    shared = ["cc", "-shared", "-fPIC", "-w", "-fno-builtin", "-x", "c", "-"]
    subprocess.run([*shared, "-Wl,-soname,no_nvidia.so", "-o", lib / "no_nvidia.so"], input=code, text=True, check=True)
    subprocess.run([*shared, "-x", "none", "-Wl,--no-as-needed,-rpath,$ORIGIN", lib / "no_nvidia.so",
                    "-o", lib / "nothing.so"], input="", text=True, check=True)
    for file in files:
        (lib / file).unlink(missing_ok=True)
        (lib / file).symlink_to("nothing.so")


def enter_venv(folder):
    """Go on in the virtual environment, made if it is not there."""
    python, done = folder / "bin/python", folder / f"torch-{TORCH}"
    if not done.exists():
        say(f"making {folder} with PyTorch {TORCH}")
        venv.create(folder, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *NEEDED], check=True)
        subprocess.run([*pip, "--no-deps", f"torch=={TORCH}"], check=True)
        try:
            without_nvidia(next(folder.glob("lib/python3*/site-packages/torch/lib")))
            subprocess.run([python, "-W", "ignore", "-c", "import torch; torch.ones(1)"], check=True)
            done.write_text("without NVIDIA's libraries\n")
        except (OSError, subprocess.CalledProcessError):
            say("that does not load without NVIDIA's libraries here: installing them")
            subprocess.run([*pip, "--force-reinstall", f"torch=={TORCH}"], check=True)
            done.write_text("whole\n")
    os.execv(python, [str(python), *sys.argv])


# ---- timing ----

class Times(dict):
    """Lists of seconds by what was timed."""

    def add(self, what, seconds):
        self.setdefault(what, []).append(seconds)

    def call(self, what, function, *args):
        start = time.perf_counter()
        result = function(*args)
        self.add(what, time.perf_counter() - start)
        say(f"  {words(what)}: {self[what][-1]:.3f} s")
        return result


def words(what):
    return what if isinstance(what, str) else " ".join(str(part) for part in what)


def cpu_seconds():
    """What all programs and what this one and those it started have had of the processors."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    all_of_them = sum(int(field) for i, field in enumerate(fields) if i not in (3, 4)) / os.sysconf("SC_CLK_TCK")
    return all_of_them, sum(os.times()[:4])


def text_of(letters):
    text = (WORDS * (letters // len(WORDS) + 1))[:letters]
    return text[:-1] + "."


def times_of(steps):
    return [START * (1 - i / steps) for i in range(steps + 1)]


def guided_steps(steps):
    return sum(t >= 0.5 for t in times_of(steps)[:-1])


class PyTorch:
    """The model in PyTorch, and its times."""

    def __init__(self, files, sizes, precisions):
        import torch                                                     # only there inside the environment
        import pytorch_modules
        self.torch, self.modules, self.files, self.sizes = torch, pytorch_modules, files, sizes
        torch.set_num_threads(len(os.sched_getaffinity(0)))
        self.times, self.single = Times(), {}
        self.model = self.precision = None
        for name in precisions:
            self.load(name)
            x, tokens = self.noise(sizes.frames), self.tokens(sizes.text)
            kept = self.model.keys_and_values(tokens)
            runs = Times()
            for _ in range(2):                                           # the first one warms up
                runs.call(f"PyTorch {name}, one evaluation", self.model.step, x, START, 0.0, kept, False)
            self.single[name] = min(next(iter(runs.values())))
        self.load(min(self.single, key=self.single.get))
        self.codec = pytorch_modules.Codec(files["dac_file"], files["pca_file"])
        self.codec.decode(self.noise(sizes.window))                      # warms up
        with contextlib.suppress(OSError):
            pathlib.Path("/proc/self/clear_refs").write_text("5")        # the largest size so far is forgotten

    def load(self, name):
        if name != self.precision:
            self.model = None                                            # one at a time is enough
            self.model = self.modules.Transformer(self.files["echo_file"], getattr(self.torch, name))
            self.precision = name

    def noise(self, frames):
        return self.torch.randn(1, frames, 80, generator=self.torch.Generator().manual_seed(1)) * 0.8

    def tokens(self, letters):
        return self.torch.tensor([[0, *("[S1] " + text_of(letters)).encode()]])

    def round(self):
        """Time everything once. Returns the latents after one step, unguided and guided, and the first's sound."""
        s, made = self.sizes, []
        a = self.torch.rand(s.gemm, s.gemm)
        self.torch.mm(a, a)
        start = time.perf_counter()
        for _ in range(5):
            self.torch.mm(a, a)
        self.times.add("gemm", (time.perf_counter() - start) / 5)
        for letters, frames in ((s.text, s.frames), (s.long, s.frames), (s.short, s.window)):
            kept = self.times.call(("text", letters), self.model.keys_and_values, self.tokens(letters))
            for guided in (False, True):
                made.append(self.times.call(("step", letters, frames, guided), self.model.step,
                                            self.noise(frames), START, 0.0, kept, guided))
        sound = self.times.call(("decode", s.frames), self.codec.decode, made[0])
        self.times.call(("decode", s.window), self.codec.decode, made[4])
        return made[0], made[1], sound

    def whole(self, letters, timed, frames):
        """A whole run of each round, of the steps timed with another text, if that was as long within a few bytes."""
        guided = guided_steps(self.sizes.steps)
        columns = (self.times["step", timed, frames, True], self.times["step", timed, frames, False],
                   self.times["text", letters], self.times["decode", frames])
        return [guided * three + (self.sizes.steps - guided) * one + text + decode
                for three, one, text, decode in zip(*columns)]

    def memory(self):
        return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path("/proc/self/status").read_text())[1]) * 1024


class Refused(Exception):
    pass


class Ours:
    """The program in one precision, and its times."""

    def __init__(self, args, sizes, precision, folder):
        self.args, self.sizes, self.folder, self.precision = args, sizes, folder, precision
        self.times, self.name, self.bytes, self.apart = Times(), precision, 0, {}
        self.model = args.model
        if precision in ("bf16", "int8"):           # packed once, as one does who uses it more than once
            self.model = (folder if args.tiny else args.model) / f"{precision}.echo"
            if not self.model.exists():
                subprocess.run([args.program, "pack", "-m", args.model, "--precision", precision, "-o", self.model],
                               check=True)

    def run(self, letters, frames, steps, *more):
        command = [self.args.program, "say", text_of(letters), "-m", self.model, "--num-steps", steps,
                   "--sequence-length", frames, "--no-trim", "--rng-seed", 1, "--json", "-q", *SAMPLING, *more]
        command += ["--precision", self.precision] if self.precision else []
        # A program's largest size begins with that of whoever started it: a shell between is small.
        done = subprocess.run(["sh", "-c", '"$@"; exit $?', "sh", *map(str, command)], capture_output=True, text=True,
                              check=False)
        if done.returncode:
            raise Refused(done.stderr.strip())
        report = json.loads(done.stdout)
        self.name, self.bytes = report["precision"], max(self.bytes, report["peak_bytes"])
        if report["text_tokens"] != letters + 6:
            raise Refused(f"{letters} letters are {report['text_tokens']} tokens here, {letters + 6} in PyTorch")
        return report

    def round(self, theirs):
        """Time everything once; theirs: what PyTorch made."""
        s = self.sizes
        sound, latent = self.folder / "x.wav", self.folder / "x.safetensors"
        r = self.run(s.text, s.frames, 1, "--cfg-min-t", 2, "-o", sound, "--latent-out", latent)
        self.times.add(("step", s.text, s.frames, False), r["sample_s"] / r["evaluations"])
        self.times.add(("text", s.text), r["text_s"])
        self.times.add(("decode", s.frames), r["decode_s"])
        self.compare("latents, one step", theirs[0], self.latent(latent))
        with wave.open(str(sound)) as file:
            samples = array.array("h", file.readframes(file.getnframes()))
        self.compare("sound", theirs[2], [sample / 32767 for sample in samples])
        r = self.run(s.text, s.frames, 1, "--cfg-min-t", 0.5, "--latent-out", latent)
        self.times.add(("step", s.text, s.frames, True), r["sample_s"])
        self.compare("latents, one guided step", theirs[1], self.latent(latent))
        for letters, frames in ((s.long, s.frames), (s.short, s.window)):
            r = self.run(letters, frames, s.steps, "--cfg-min-t", 0.5, "-o", sound)
            self.times.add(("text", letters), r["text_s"])
            self.times.add(("whole", letters), r["total_s"])
        say(f"  ours {self.name}: " + ", ".join(f"{words(what)} {runs[-1]:.3f} s" for what, runs in self.times.items()))

    def latent(self, path):
        modules = importlib.import_module("pytorch_modules")
        return modules.read_tensors(path, modules.torch.float32)["latent"]

    def compare(self, what, theirs, own):
        """The difference's rms as a part of the rms."""
        own = theirs.new_tensor(own) if isinstance(own, list) else own
        self.apart[what] = float((own - theirs).norm() / theirs.norm())


# ---- the report ----

def spread(runs):
    def digits(seconds):
        return f"{seconds:.3g}" if seconds < 100 else f"{seconds:.0f}"
    return f"{digits(statistics.median(runs))} ({digits(min(runs))}..{digits(max(runs))})"


def rows(pytorch, sizes):
    """What is compared: a label, PyTorch's seconds, and the name of ours."""
    s, times = sizes, pytorch.times
    step, text = (s.text, s.frames), f"{s.frames} frames, {s.text} bytes of text"
    whole = f"letters, {s.steps} steps, no voice, the whole run"
    return [(f"one evaluation, {text}", times[("step", *step, False)], ("step", *step, False)),
            (f"one guided step, {text}", times[("step", *step, True)], ("step", *step, True)),
            (f"text encoder and keys, {s.text} bytes", times["text", s.text], ("text", s.text)),
            (f"text encoder and keys, {s.long} bytes", times["text", s.long], ("text", s.long)),
            (f"decoding {s.frames} frames", times["decode", s.frames], ("decode", s.frames)),
            (f"{s.long} {whole}, {s.frames} frames", pytorch.whole(s.long, s.long, s.frames), ("whole", s.long)),
            (f"{s.short} {whole}, {s.window} frames with both", pytorch.whole(s.short, s.short, s.window),
             ("whole", s.short)),
            (f"the same, PyTorch with its usual {s.frames}", pytorch.whole(s.short, s.text, s.frames),
             ("whole", s.short))]


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", info)
    flags = set(re.search(r"flags\s*: (.*)", info)[1].split()) if "flags" in info else set()
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
    return (f"{model[1] if model else 'unknown CPU'}, {len(os.sched_getaffinity(0))} cores; "
            + ", ".join(f"{flag}{'' if flag in flags else ' absent'}" for flag in wanted))


def table(pytorch, ours, sizes):
    """The table in markdown, and its numbers as they go into a CSV file."""
    lines = ["| what | PyTorch |" + "".join(f" echotts {one.name} |" for one in ours)
             + "".join(f" PyTorch / {one.name} |" for one in ours), "|---|---|" + "---|" * 2 * len(ours)]
    cells = [["what", "who", "median_s", "min_s", "max_s", "runs"]]
    for label, theirs, what in rows(pytorch, sizes):
        own = [one.times[what] for one in ours]
        lines.append(f"| {label} | {spread(theirs)} |" + "".join(f" {spread(runs)} |" for runs in own)
                     + "".join(f" {statistics.median(theirs) / statistics.median(runs):.2f} |" for runs in own))
        names = ["PyTorch " + pytorch.precision, *("echotts " + one.name for one in ours)]
        for who, runs in zip(names, [theirs, *own]):
            cells.append([label, who, statistics.median(runs), min(runs), max(runs), len(runs)])
    lines.append(f"| largest resident memory | {pytorch.memory() / 1e9:.1f} GB |"
                 + "".join(f" {one.bytes / 1e9:.1f} GB |" for one in ours) + " |" * len(ours))
    return "\n".join(lines), cells


def page(pytorch, ours, skipped, others, args, sizes, info):
    """The whole report around its table; others: what part of the processors other programs had."""
    gemm = [2e-9 * sizes.gemm ** 3 / seconds for seconds in pytorch.times["gemm"]]
    guided = guided_steps(sizes.steps)
    singles = ", ".join(f"{dtype} {seconds:.3g} s" for dtype, seconds in pytorch.single.items())
    chosen = "the faster here" if len(pytorch.single) > 1 else "the only one tried"
    apart = " ".join(f"{one.name}: " + ", ".join(f"{what} {far:.1e}" for what, far in one.apart.items()) + "."
                     for one in ours)
    lines = [
        f"{datetime.date.today()}; {machine()}. echotts {info['version']} on {info['model']['device']}; PyTorch "
        f"{pytorch.torch.__version__}, eager, {pytorch.torch.get_num_threads()} threads; the same weights for both. "
        f"In the same run `torch.mm` made {spread(gemm)} GFLOP/s in float32 ({sizes.gemm} squared), and other programs "
        f"had {100 * others:.0f} % of the cores.",
        "",
        f"Seconds, median (least..most) of {args.runs}. PyTorch computes in {pytorch.precision}, {chosen} (one "
        f"evaluation: {singles}), and decodes in float32.",
        "",
        table(pytorch, ours, sizes)[0],
        "",
        "PyTorch's whole runs are sums of parts, since its steps are identical work: "
        f"{guided} guided steps (a batch of three), {sizes.steps - guided} others, text, decoding. In the last row the "
        f"steps are those timed with {sizes.text} bytes. Starting Python and reading the weights are left out. Ours "
        "are whole runs, loading included. Without a voice two branches give what three do, and ours computes two. "
        "Memory: PyTorch with transformer and decoder loaded, ours with the pages of the mapped files.",
        "",
        f"Distance from PyTorch's {pytorch.precision} (rms of the difference to rms; sound of 16 bits). {apart}"]
    lines += ["", *(f"Skipped: {why}." for why in skipped)] if skipped else []
    return "".join((line if line.startswith("|") else textwrap.fill(line, 118, break_on_hyphens=False)) + "\n"
                   for line in lines)


def write_between(path, text):
    """Put the report between the two marker lines of a page."""
    begin, end = "<!-- pytorch_compare: begin -->\n", "<!-- pytorch_compare: end -->\n"
    old = path.read_text()
    if old.count(begin) != 1 or old.count(end) != 1:
        sys.exit(f"{path}: the markers {begin.strip()} and {end.strip()} are not there once each")
    path.write_text(old[:old.index(begin)] + begin + text + old[old.index(end):])


def options():
    p = argparse.ArgumentParser(description="echotts against PyTorch on this machine")
    p.add_argument("--program", default=str(ROOT / "build/echotts"), help="default: build/echotts")
    p.add_argument("--model", type=pathlib.Path, help="a folder (else a random one is made in ~/.cache/echotts)")
    p.add_argument("--venv", type=pathlib.Path, default=CACHE / "torch-venv", help="PyTorch's environment")
    p.add_argument("--precisions", help="P,P,...: passed as --precision P, a column each (default: the program's own)")
    p.add_argument("--dtypes", default="bfloat16,float32", help="PyTorch's, of which the fastest is compared")
    p.add_argument("--f32", action="store_const", dest="dtypes", const="float32", help="PyTorch in float32 alone")
    p.add_argument("--runs", type=int, default=3, help="rounds (default 3)")
    p.add_argument("--num-steps", type=int, default=10, help="steps of the whole runs (default 10)")
    p.add_argument("--tiny", action="store_true", help="the small voice and few frames: does the script work?")
    p.add_argument("--write", action="store_true", help="into docs/SPEED.md")
    p.add_argument("--csv", type=pathlib.Path, help="and into this file")
    args = p.parse_args()
    if args.tiny and args.write:
        p.error("--tiny tells nothing that is worth writing down")
    return args


def main():
    args = options()
    if not os.access(args.program, os.X_OK):
        sys.exit(f"{args.program} is not there: run make, or name it by --program")
    if pathlib.Path(sys.prefix) != args.venv.resolve():
        enter_venv(args.venv.resolve())
    warnings.filterwarnings("ignore")                                   # that there is no NumPy
    args.model = args.model or (ROOT / "models/small" if args.tiny else CACHE / "base")
    if not args.model.exists():
        subprocess.run([args.program, "synth", "--size", "base", "-o", args.model], check=True)
    sizes = argparse.Namespace(text=73, long=545, short=63, frames=640, window=128, gemm=2048, steps=args.steps)
    if args.tiny:
        sizes.frames, sizes.window, sizes.gemm = 64, 32, 512
    info = json.loads(subprocess.run([args.program, "info", "--json", "-m", args.model], stdout=subprocess.PIPE,
                                     text=True, check=True).stdout)

    import torch
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        pytorch = PyTorch(info["model"], sizes, args.dtypes.split(","))
        ours = [Ours(args, sizes, p, pathlib.Path(folder)) for p in (args.precisions or "").split(",")]
        skipped, wall, before = [], time.perf_counter(), cpu_seconds()
        for i in range(args.runs):
            say(f"round {i + 1} of {args.runs}")
            made = pytorch.round()
            for one in list(ours):
                try:
                    one.round(made)
                except Refused as why:
                    skipped.append(f"{one.precision or 'ours'}: {why}")
                    ours.remove(one)
        had = [after - start for after, start in zip(cpu_seconds(), before)]
        others = max(0, had[0] - had[1]) / ((time.perf_counter() - wall) * len(os.sched_getaffinity(0)))
        report = page(pytorch, ours, skipped, others, args, sizes, info)
    print(report, end="")
    if args.write:
        write_between(ROOT / "docs/SPEED.md", report)
    if args.csv:
        with open(args.csv, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(table(pytorch, ours, sizes)[1])


if __name__ == "__main__":
    main()
