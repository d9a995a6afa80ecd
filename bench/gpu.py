#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A GPU in one call: is it right, how fast is it, and how fast is PyTorch beside it?

Usage: bench/gpu.sh [options]          from the top of the sources; it builds, then starts this

It looks for a Vulkan driver, also where a container hides it. It runs the tests against double precision and the
reference, and makes a random model of full size (7.5 GB in $TMPDIR, removed in the end). Then it times one
evaluation for one to three branches, decoding, a whole run, loading and the first start. If there is a PyTorch with
CUDA, the same work is timed there. No network and no root is needed.

Each result is printed as soon as it is known, on standard error. The table on standard output comes last. What ran out
of time is left out. The folder --out gets the table, results.json, and a log of each part.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["ECHOTTS_CONFIG"] = "none"    # no settings of the user are measured

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEXT = "The quick brown fox jumps over the lazy dog near the old riverbank."    # bench/gpu.c says the same
BUFFER = 16 << 20
GOALS = {"evaluation_1": 0.009, "evaluation_2": 0.016, "decode": 0.022, "whole": 0.15, "start_cold": 1.0,
         "start_warm": 0.3, "loading": 1.3}
DRIVERS = ["/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json", "/etc/vulkan/icd.d/nvidia_icd.json",
           "/usr/share/vulkan/icd.d/nvidia_icd.json"]
FOLDERS = ["/usr/local/nvidia/lib64", "/usr/local/nvidia/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"]


def say(*what):
    print(*what, file=sys.stderr, flush=True)


class Bench:
    """What all parts share: options, environment, the time that is left, results."""

    def __init__(self, args):
        self.args, self.began = args, time.time()
        self.out, self.build = pathlib.Path(args.out).resolve(), pathlib.Path(args.build).resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="echotts-gpu-"))
        self.frames, self.runs = (32, 1) if args.small else (640, 5)
        self.env, self.device, self.results = dict(os.environ), None, {"goals": GOALS}
        self.new_caches("cache")

    def new_caches(self, name):
        """Nothing of earlier runs is known: neither self-tests nor the driver's compiled shaders."""
        folder = self.work / name
        folder.mkdir(exist_ok=True)
        for variable in ("XDG_CACHE_HOME", "MESA_SHADER_CACHE_DIR", "__GL_SHADER_DISK_CACHE_PATH"):
            self.env[variable] = str(folder)

    def left(self):
        return self.args.seconds - (time.time() - self.began)

    def keep(self, name, value):
        self.results[name] = value
        (self.out / "results.json").write_text(json.dumps(self.results, indent=1) + "\n")

    def run(self, log, limit, *command):
        """The output of a program, which also goes into a log; a result even if it fails or takes too long."""
        began, text = time.time(), ""
        limit = min(limit, self.left())
        if limit < 1:
            say(f"{log}: no time left")
            return "no time left", False
        try:
            done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT,
                                  env=self.env, timeout=limit, check=False, encoding="utf-8", errors="replace")
            text, good = done.stdout, done.returncode == 0
        except subprocess.TimeoutExpired as e:
            text, good = (e.stdout or b"").decode(errors="replace") + f"\nstopped after {limit:.0f} s\n", False
        except OSError as e:
            text, good = f"{e}\n", False
        with open(self.out / f"{log}.log", "a", encoding="utf-8") as f:
            f.write(f"$ {' '.join(map(str, command))}\n{text}\n")
        if not good:
            say(f"{log}: failed after {time.time() - began:.0f} s: {(text.strip().splitlines() or ['no output'])[-1]}")
        return text, good


# ---- the driver ----

def libraries(bench):
    """Folders where a container has the driver, and where packages were unpacked without root."""
    folders = [f for f in FOLDERS[:2] if os.path.isdir(f)]
    for top in bench.args.libs:
        folders += sorted({str(p.resolve().parent) for p in pathlib.Path(top).rglob("*.so*") if p.is_file()})
    if folders:
        old = bench.env.get("LD_LIBRARY_PATH")
        bench.env["LD_LIBRARY_PATH"] = ":".join(folders + ([old] if old else []))


def descriptions(bench):
    """Files that lead the loader to a driver, none (its own search) first; the last are written here."""
    yield None
    yield from (path for path in DRIVERS if os.path.exists(path))
    for name in ("libGLX_nvidia.so.0", "libEGL_nvidia.so.0"):
        for folder in FOLDERS:
            library = pathlib.Path(folder) / name
            if library.exists():
                path = bench.work / f"{name}.json"
                path.write_text(json.dumps({"file_format_version": "1.0.0", "ICD": {"library_path": str(library),
                                                                                    "api_version": "1.3.0"}}))
                yield str(path)


def find_device(bench):
    """The fastest device that passes its self-test, under the first description that leads to one."""
    libraries(bench)
    given = "VK_DRIVER_FILES" in bench.env or "VK_ICD_FILENAMES" in bench.env
    for path in [None] if given else descriptions(bench):
        if path:
            bench.env["VK_DRIVER_FILES"] = bench.env["VK_ICD_FILENAMES"] = path
        text, good = bench.run("info", 120, bench.build / "echotts", "info", "--json", "-m", "models/small")
        devices = json.loads(text).get("devices", []) if good and text.startswith("{") else []
        for d in devices:
            if d["driver"]:
                say(f"{d['name']} {d['title']}, {d['driver']}: {d['state'] or 'passed its self-test'}"
                    + (f" ({path})" if path else ""))
        found = [d for d in devices if d["driver"] and d["usable"] and (bench.args.small or not d["software"])]
        if found:
            bench.device = max(found, key=lambda d: d["rate"])
            bench.keep("device", bench.device)
            return True
    say("Vulkan finds no GPU that can be used: info.log has the reasons; --libs names folders with its loader")
    return False


# ---- is it right? ----

def parity(bench):
    for name, limit, *command in (("ops", 120, "test_ops", "vulkan"),
                                  ("golden", 120, "test_golden", "tests/data/odd", "vulkan")):
        text, good = bench.run(name, limit, bench.build / "tests" / command[0], *command[1:])
        last = (text.strip().splitlines() or ["nothing"])[-1]
        bench.keep(name, last if good or last == "no time left" else f"FAILED: {last}")
        say(f"{name}: {bench.results[name]}")


# ---- how fast is it? ----

def measured(bench, text):
    """The lines of bench_gpu: names and seconds."""
    found = {}
    for line in text.splitlines():
        name, *numbers = line.split(" ")
        if name == "device":
            bench.keep("runs_on", line[7:])
        elif numbers and all(n.replace(".", "", 1).isdigit() for n in numbers):
            found[name] = [float(n) for n in numbers]
    return found


def speed(bench, model, runs, log, limit):
    return measured(bench, bench.run(log, limit, bench.build / "tests/bench_gpu", model, bench.device["name"],
                                     bench.frames, runs)[0])


def starts(bench):
    """Until the first sound of the small voice: for the first time ever on this machine, and again."""
    for name, cache in (("start_cold", "fresh"), ("start_warm", None), ("start_warm", None)):
        if cache:
            bench.new_caches(cache)
        found = speed(bench, "models/small", 0, "start", 90)
        if "first" in found:
            bench.keep(name, bench.results.get(name, []) + found["first"])
            say(f"{name}: {found['first'][0]:.3f} s")


def copy_seconds(model):
    """One copy of the model's bytes, by one thread, after they are in memory."""
    buffer = bytearray(BUFFER)
    for _ in range(2):
        began = time.perf_counter()
        for path in sorted(model.glob("*.safetensors")):
            with open(path, "rb", buffering=0) as f:
                while f.readinto(buffer):
                    pass
        seconds = time.perf_counter() - began
    return seconds


def ours(bench, model):
    bench.keep("copying", [copy_seconds(model)])
    say(f"copying the model: {bench.results['copying'][0]:.3f} s")
    opened = []
    for runs in (0, 0, bench.runs):
        found = speed(bench, model, runs, "bench", 150)
        opened += found.pop("opened", [])
        found.pop("first", None)
    if opened:
        found["opened"] = opened
        bench.keep("loading", [min(opened) / bench.results["copying"][0]])
    for name, seconds in found.items():
        bench.keep(name, seconds)
        say(f"{name}: {' '.join(f'{s * 1e3:.2f}' for s in seconds)} ms")


# ---- PyTorch, in a process of its own ----

def torch_main(model, frames, out):
    """The same parts by bench/pytorch_modules.py: eager, and captured in a CUDA graph."""
    import torch
    sys.path.insert(0, str(ROOT / "bench"))
    import pytorch_modules as modules
    cuda = torch.cuda.is_available()
    half = torch.float16 if cuda else torch.float32
    files = {name: os.path.join(model, name + ".safetensors") for name in ("echo", "dac", "pca")}
    dit, codec = modules.Transformer(files["echo"], half), modules.Codec(files["dac"], files["pca"])
    say(f"PyTorch {torch.__version__} on {torch.cuda.get_device_name() if cuda else 'the CPU'}")
    if cuda:
        torch.set_default_device("cuda")
        for tensors in (dit.w, codec.w, codec.pca):
            tensors.update({name: t.cuda() for name, t in tensors.items()})
    wait = torch.cuda.synchronize if cuda else lambda: None
    results = {}

    def timed(name, work):
        for _ in range(3 if cuda else 1):
            work()
        seconds = []
        for _ in range(10 if cuda else 2):
            wait()
            began = time.perf_counter()
            work()
            wait()
            seconds.append(time.perf_counter() - began)
        results[name] = seconds
        say(f"PyTorch {name}: {statistics.median(seconds) * 1e3:.2f} ms")
        pathlib.Path(out).write_text(json.dumps(results))

    def both(name, work):
        timed(name + " eager", work)
        if not cuda:
            return
        try:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                work()
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                work()
            timed(name + " graph", graph.replay)
        except RuntimeError as e:
            say(f"PyTorch {name}: no CUDA graph: {str(e).splitlines()[0]}")
            torch.cuda.synchronize()

    with torch.inference_mode():
        kept = dit.keys_and_values(torch.tensor([[0, *("[S1] " + TEXT).encode()]]))
        for n in (1, 2, 3):
            x, t = torch.randn(n, frames, 80), torch.full((n,), 0.7)
            sees = torch.tensor([i != 1 for i in range(n)])
            both(f"evaluation_{n}", lambda x=x, t=t, sees=sees: dit.velocity(x, t, kept, sees))
        latents = torch.randn(1, frames, 80)

        def decode():
            with torch.autocast("cuda", torch.float16, enabled=cuda, cache_enabled=False):
                codec.decode(latents)
        both("decode", decode)
    for way in ("eager", "graph"):
        parts = [results.get(f"{name} {way}") for name in ("evaluation_1", "evaluation_2", "decode")]
        if all(parts):
            one, two, sound = map(statistics.median, parts)
            results[f"whole {way}"] = [5 * one + 5 * two + sound]
    pathlib.Path(out).write_text(json.dumps(results))


def pytorch(bench, model):
    text, good = bench.run("torch", 60, sys.executable, "-W", "ignore", "-c",
                           "import torch; print(torch.__version__, torch.cuda.is_available())")
    if not good or not (bench.args.small or text.split()[-1] == "True"):
        say("PyTorch: not here, or without CUDA: left out")
        return
    path = bench.work / "torch.json"
    text, _ = bench.run("torch", 180, sys.executable, "-W", "ignore", __file__, "--torch", model, bench.frames, path)
    say(text.strip())
    if path.exists():
        bench.keep("torch", json.loads(path.read_text()))


# ---- the table ----

ROWS = [("evaluation_1", "one evaluation, {} frames, 73 tokens of text"), ("evaluation_2", "the same, two branches"),
        ("evaluation_3", "the same, three branches and a voice of 10 s (PyTorch: no voice)"),
        ("decode", "decoding {} frames"), ("ten_steps", "10 steps, 5 of them guided, no voice"),
        ("whole", "10 steps and their sound"), ("start_cold", "the first start ever, to the small voice's first sound"),
        ("start_warm", "a later start"), ("opened", "opening the model"), ("copying", "copying its bytes")]


def cell(seconds):
    if not seconds:
        return ""
    digits = [f"{s * 1e3:.3g}" if s < 1 else f"{s * 1e3:.0f}" for s in (statistics.median(seconds), min(seconds),
                                                                         max(seconds))]
    return digits[0] if len(seconds) == 1 else f"{digits[0]} ({digits[1]}..{digits[2]})"


def table(bench):
    r, torch = bench.results, bench.results.get("torch", {})
    lines = []
    if bench.device:
        d = bench.device
        matrix = " x ".join(map(str, d["cooperative_matrix"] or [])) or "none"
        lines += [f"{d['title']}, {d['driver']}; subgroups of {d['subgroup']}, cooperative matrices: {matrix}; "
                  f"{d['rate'] * 1e-12:.2f} trillion operations a second in the self-test.",
                  f"On {r.get('runs_on', 'nothing')}. Operations against double: {r.get('ops', 'not run')}. "
                  f"Reference: {r.get('golden', 'not run')}.", ""]
    lines += ["| ms, median (least..most) | echotts | goal | PyTorch, eager | PyTorch, CUDA graph |",
              "|---|---|---|---|---|"]
    for name, label in ROWS:
        goal = None if bench.args.small else GOALS.get(name)
        reached = f"{goal * 1e3:g}" if goal else ""
        if goal and r.get(name):
            reached += ", reached" if statistics.median(r[name]) <= goal else ", MISSED"
        lines.append(f"| {label.format(bench.frames)} | {cell(r.get(name))} | {reached} | "
                     f"{cell(torch.get(name + ' eager'))} | {cell(torch.get(name + ' graph'))} |")
    if "loading" in r:
        goal = "" if bench.args.small else f"{GOALS['loading']} times"
        lines.append(f"| opening by copying | {r['loading'][0]:.2f} times | {goal} | | |")
    if bench.args.small:
        lines.append("\nThe small voice stands for the model (--small): these are no results.")
    return "\n".join(lines) + "\n"


def make_model(bench, model):
    """A random model of full size, beside other work; nothing if there is a model."""
    if model.exists():
        return None
    return subprocess.Popen([bench.build / "echotts", "synth", "--size", "base", "-q", "-o", model], cwd=ROOT,
                            env=bench.env)


def is_made(bench, maker, model):
    try:
        if maker and maker.wait(max(1, bench.left())):
            say("the random model could not be made: is there room for 7.5 GB in $TMPDIR?")
    except subprocess.TimeoutExpired:
        say("the random model: no time left")
    return (model / "pca.safetensors").exists() and not (maker and maker.returncode)


def main():
    if sys.argv[1:2] == ["--torch"]:
        torch_main(sys.argv[2], int(sys.argv[3]), sys.argv[4])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="the folder of the build (build)")
    parser.add_argument("--out", default="bench-gpu", help="the folder of the results (bench-gpu)")
    parser.add_argument("--libs", action="append", default=[], help="a folder with unpacked libraries; may be repeated")
    parser.add_argument("--model", help="a model of full size, instead of a random one")
    parser.add_argument("--small", action="store_true", help="try everything with the small voice, on any device")
    parser.add_argument("--seconds", type=float, default=470, help="when to stop (470)")
    bench = Bench(parser.parse_args())
    otherwise = ROOT / "models/small" if bench.args.small else bench.work / "base"
    maker, model = None, pathlib.Path(bench.args.model).resolve() if bench.args.model else otherwise
    for log in bench.out.glob("*.log"):
        log.unlink()
    try:
        if find_device(bench):
            maker = make_model(bench, model)
            parity(bench)
            made = is_made(bench, maker, model)
            starts(bench)
            if made:
                ours(bench, model)
                pytorch(bench, model)
    finally:
        if maker and maker.poll() is None:
            maker.kill()
            maker.wait()
        text = table(bench)
        (bench.out / "table.md").write_text(text)
        print(text, end="", flush=True)
        shutil.rmtree(bench.work, ignore_errors=True)
    return int(any("FAILED" in bench.results.get(name, "FAILED") for name in ("ops", "golden")))


if __name__ == "__main__":
    sys.exit(main())
