# SPDX-License-Identifier: MIT
"""The benchmark: its table in every form, and that it leaves nothing behind."""
import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import time
import xml.dom.minidom

import models
import refusals
from harness import is_one_line, read, text
from terminal import PROMPT_S, OnTerminal

FRAME_S = 2048 / 44100
LENGTHS = {"short": 63, "medium": 207, "long": 545}
KEYS = """text characters steps clip_s devices frames kept audio_s estimated rtf total_s total_min_s
          total_max_s speedup step_ms load_s text_s voice_s sample_s decode_s overlap_s""".split()
REPORT = {"version", "machine", "settings", "arrangements", "model", "device", "codec_device", "precision",
          "codec_precision", "load_s", "peak_bytes", "spread_below", "spread_above", "complete", "rows"}


def near(a, b):
    return abs(a - b) <= 1e-4 * max(abs(a), abs(b))


def small(p, *more):
    """Arguments of a run that takes no time: a row."""
    return ["bench", "-m", p.model("tiny"), "--texts", "short", "--num-steps", 2, "--voices", 0,
            "--sequence-length", 8, "--runs", 1, *more]


def check_row(p, name, row, frames, blocks=1):
    """Whether the numbers of a row belong together."""
    parts = row["text_s"] + row["voice_s"] + row["sample_s"] + row["decode_s"] - row["overlap_s"]
    p.check(f"{name}: keys", list(row) == KEYS, list(row))
    p.check(f"{name}: characters", row["characters"] == LENGTHS[row["text"]], row)
    p.check(f"{name}: frames", row["frames"] == frames and 0 < row["kept"] <= frames, row)
    p.check(f"{name}: rtf", near(row["rtf"], row["total_s"] / row["audio_s"]), row)
    p.check(f"{name}: ms a step", near(row["step_ms"], 1e3 * row["sample_s"] / row["steps"] / blocks), row)
    p.check(f"{name}: overlap", 0 <= row["overlap_s"] <= row["decode_s"] and (blocks > 1 or not row["overlap_s"]), row)
    p.check(f"{name}: order", row["total_min_s"] <= row["total_s"] <= row["total_max_s"], row)
    # Parts are medians of their own: of two runs, means, so they do add up.
    p.check(f"{name}: split", 0 < parts <= row["total_s"] * 1.001, row)
    p.check(f"{name}: voice", (row["voice_s"] > 0) == (row["clip_s"] > 0), row)


def check_forms(p):
    """One set of rows as JSON, as CSV in a file and on stdout, as a drawing, as a table."""
    args = ["bench", "-m", p.model("tiny"), "--num-steps", "2,1", "--voices", "0,1", "--sequence-length", 8,
            "--runs", 2]
    want = [(t, c, s) for t in LENGTHS for c in (0, 1) for s in (2, 1)]
    done = p.good("bench --json", *args, "--json", "--csv", "b.csv", "--plot", "b.svg")
    if not done:
        return
    report = json.loads(done.stdout)
    p.check("bench --json keys", set(report) == REPORT, set(report) ^ REPORT)
    p.check("bench --json is whole", report["complete"] is True)
    p.check("bench --json machine", report["machine"]["cores"] >= 1 and report["machine"]["cpu"])
    p.check("bench --json settings", report["settings"] == {
        "texts": list(LENGTHS), "steps": [2, 1], "clips_s": [0, 1], "frames": 8, "block_sizes": [], "runs": 2,
        "threads": report["machine"]["cores"], "synthetic": None}, report["settings"])
    p.check("bench of one arrangement", [a["devices"] for a in report["arrangements"]] == ["auto"] and
            all(r["devices"] == "auto" and r["speedup"] == 1 for r in report["rows"]), report["arrangements"])
    p.check("bench rows", [(r["text"], r["clip_s"], r["steps"]) for r in report["rows"]] == want)
    for row in report["rows"]:
        check_row(p, "bench row", row, 8)

    lines = list(csv.DictReader(io.StringIO(text(read(p.file("b.csv"))))))
    p.check("bench --csv keys", list(lines[0]) == KEYS, list(lines[0]))
    same = len(lines) == len(report["rows"]) and all(
        near(float(line["total_s"]), row["total_s"]) and line["text"] == row["text"]
        for line, row in zip(lines, report["rows"]))
    p.check("bench --csv is the same", same, lines)
    check_plot(p, "bench --plot", "b.svg", ["1 s voice", "2 steps", "real time",
                                            report["precision"]])

    done = p.good("bench --csv -", *small(p, "--csv", "-"))
    if done:
        lines = list(csv.reader(io.StringIO(text(done.stdout))))
        p.check("bench --csv -", len(lines) == 2 and lines[0] == KEYS, lines)
    done = p.good("bench", *small(p, "--threads", 1))
    if done:
        lines = text(done.stdout).splitlines()
        p.check("bench table", lines[0].split()[:3] == ["text", "steps", "voice"] and
                lines[1].split()[:3] == ["short", "2", "none"], lines)
        for word in ("machine", "device", "precision", "threads    1", "model", "loading", "GB",
                     "medians", "echotts"):
            p.check(f"bench tells {word}", any(line.startswith(word) or word in line
                                               for line in lines[2:]), lines)
    p.check("bench leaves nothing beside", not [n for n in os.listdir(p.folder)
                                                if n.endswith(".part")])


def in_blocks(p, devices, *more):
    """Arguments of a short run in three blocks, side by side; the codec of "A+B" has a device of its own."""
    return ["bench", "-m", p.model("tiny"), "--texts", "short", "--num-steps", "1,2", "--voices", 0,
            "--block-sizes", "4,4,8", "--precision", "f32", "--devices", devices, *more]


def check_side_by_side(p, name, devices, runs):
    """The rows of every arrangement in turn, each compared with the first."""
    names = devices.split(",")
    done = p.good(name, *in_blocks(p, devices, "--runs", runs, "--json", "--csv", "side.csv", "--plot", "side.svg"))
    if not done:
        return
    report = json.loads(done.stdout)
    rows, where = report["rows"], report["arrangements"]
    p.check(f"{name}: rows", [(r["steps"], r["devices"]) for r in rows] == [(s, d) for s in (1, 2) for d in names], rows)
    p.check(f"{name}: arrangements", [a["devices"] for a in where] == names, where)
    for a in where:
        device, _, codec = a["devices"].partition("+")
        p.check(f"{name}: {a['devices']}", (device == "auto" or a["device"].startswith(device)) and
                a["codec_device"].startswith(codec or a["device"]) and a["codec_precision"], a)
    for i, row in enumerate(rows):
        first = rows[i - i % len(names)]
        check_row(p, f"{name} row", row, 16, 3)
        p.check(f"{name}: speedup", near(row["speedup"], first["total_s"] / row["total_s"]), row)
        p.check(f"{name}: all of the blocks", row["kept"] == 16 and not row["estimated"], row)
        p.check(f"{name}: overlaps only apart", "+" in row["devices"] or row["overlap_s"] == 0, row)
    lines = list(csv.DictReader(io.StringIO(text(read(p.file("side.csv"))))))
    p.check(f"{name}: CSV", [line["devices"] for line in lines] == [r["devices"] for r in rows], lines)
    check_plot(p, f"{name} --plot", "side.svg", [*names, "3 blocks, 16 frames", "at the same time", "text short"])


def check_devices(p):
    """Arrangements of devices; where there is no GPU, the CPU twice."""
    done = p.good("info --json", "info", "--json")
    if not done:
        return
    gpus = [d for d in json.loads(done.stdout)["devices"] if d["name"] != "cpu" and d["usable"]]
    check_side_by_side(p, "bench --devices", "cpu,auto+cpu", 2)
    done = p.good("bench --devices as a table", *in_blocks(p, "cpu,auto+cpu", "--runs", 1))
    if done:
        lines = [line.split() for line in text(done.stdout).splitlines()]
        p.check("bench --devices: columns", {"where", "speedup", "overlap"} <= set(lines[0]), lines[0])
        p.check("bench --devices: places", [line[3] for line in lines[1:5]] == ["cpu", "auto+cpu"] * 2, lines)
        p.check("bench --devices: which they are", any(line[:2] == ["devices", "cpu"] for line in lines), lines)
    done = p.good("bench --devices=all", *small(p, "--precision", "f32", "--devices", "all", "--json"))
    want = ["cpu"] + [name for d in gpus if not d["software"] for name in (d["name"], d["name"] + "+cpu")]
    p.check("bench --devices=all", done and [a["devices"] for a in json.loads(done.stdout)["arrangements"]] == want, want)
    done = p.run(*small(p, "--devices", "cpu,vulkan:98"))
    p.check("bench on no GPU", done.returncode == 1 and is_one_line(done.stderr, "vulkan:98: ") and not done.stdout,
            text(done.stderr))
    check_kernels(p, "cpu", "f32")


def check_kernels(p, device, precision):
    """The first kernel says what the rest would: all of them take half a minute."""
    run = subprocess.Popen(p.command(["bench", "--kernels", "--device", device]), cwd=p.folder, env=p.env,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = [run.stdout.readline().decode() for _ in range(4)]
    run.kill()
    run.communicate()
    p.check(f"bench --kernels on {device}: which it is", lines[0].startswith(device), lines)
    p.check(f"bench --kernels on {device}: header", lines[2].split() == ["kernel", "shape", "precision", "G/s"], lines)
    row = re.search(r" (\w+) +([\d.]+) +(\d+) % of [\d.]+$", lines[3].strip())
    p.check(f"bench --kernels on {device}: beside its peak", row and row[1] == precision and float(row[2]) > 0, lines)


def check_plot(p, name, path, words):
    try:
        drawing = xml.dom.minidom.parse(p.file(path))
    except (OSError, xml.parsers.expat.ExpatError) as e:
        p.check(name, False, e)
        return
    told = "\n".join("".join(n.data for n in t.childNodes)
                     for t in drawing.getElementsByTagName("text"))
    for word in words:
        p.check(f"{name} tells {word}", word in told, told)
    colours = {r.getAttribute("fill") for r in drawing.getElementsByTagName("rect")}
    p.check(f"{name}: bars", len(colours) > 5, colours)
    out = [t.getAttribute("x") for t in drawing.getElementsByTagName("text")
           if not 0 < float(t.getAttribute("x")) < 1180]
    p.check(f"{name}: all on the page", not out, out)


def check_strange_model(p):
    """A name that is neither XML nor UTF-8, and a model whose speech ends before it begins."""
    folder = models.lay_out(p, "a&b<c>\udcff", models.FILES)
    p.good("bench of a strange name", *small(p, "-m", folder, "--plot", "strange.svg"))
    check_plot(p, "strange name", "strange.svg", ["a&b<c>?"])

    def mute(header, body):
        for name in ("out_proj.weight", "out_proj.bias"):
            body = models.zeros(name)(header, body)
        return body
    folder = models.changed(p, "mute", "echo", mute)
    with open(os.path.join(folder, "echotts.json"), "w", encoding="ascii") as f:
        f.write('{"truncation": 0}')
    args = small(p, "-m", folder, "--sequence-length", 120)
    done = p.good("bench without speech", *args, "--json", "--plot", "mute.svg")
    if done:
        row = json.loads(done.stdout)["rows"][0]
        p.check("no speech: 15 characters a second", row["estimated"] is True and
                near(row["audio_s"], 63 / 15) and row["kept"] == 91, row)
        check_plot(p, "no speech", "mute.svg", ["no speech"])
    done = p.good("bench without speech", *args)
    p.check("no speech: says so", done and b"4.20*" in done.stdout and
            b"\n* No speech" in done.stdout)


def check_synthetic(p):
    os.mkdir(p.file("temporary"))
    env = dict(p.env, TMPDIR=p.file("temporary"))
    args = ["bench", "--synthetic", "small", "--texts", "long,short", "--num-steps", 1,
            "--voices", 0, "--sequence-length", 100, "--runs", 1, "--json"]
    done = p.good("bench --synthetic", *args, env=env)
    if done:
        report = json.loads(done.stdout)
        got = [(r["estimated"], r["kept"], round(r["audio_s"], 4)) for r in report["rows"]]
        want = [(True, 100, round(100 * FRAME_S, 4)), (True, 91, 4.2)]
        p.check("bench --synthetic: lengths", got == want, got)
        p.check("bench --synthetic: model", report["model"] == "synthetic small" and
                report["settings"]["synthetic"] == "small", report)
    p.check("nothing left of it", not os.listdir(p.file("temporary")))
    done = p.run(*args, "--device", "abacus", env=env)
    p.check("nothing left after an error", done.returncode in (1, 2) and
            is_one_line(done.stderr, "abacus") and not os.listdir(p.file("temporary")),
            text(done.stderr))
    env["TMPDIR"] = p.file("nowhere")
    done = p.run(*args, env=env)
    p.check("no place for it", done.returncode == 1 and is_one_line(done.stderr, "nowhere"),
            text(done.stderr))


def stop(p, name, until, *args, env=None):
    """Interrupt a run at something on its terminal; what it wrote to stdout."""
    before, p.env = p.env, env or p.env
    run = OnTerminal(p, *args)
    p.env = before
    p.check(f"{name}: it runs", run.read(until=until), run.seen)
    began = time.monotonic()
    run.process.send_signal(signal.SIGINT)
    out = run.process.stdout.read()
    code = run.finish()
    p.check(f"{name}: exit", code == 130, code)
    p.check(f"{name}: at once", time.monotonic() - began < PROMPT_S)
    p.check(f"{name}: says so", run.lines()[-1] == b"echotts: stopped", run.lines()[-1])
    return out


def check_interrupt(p):
    slow = small(p, "--num-steps", "1,1000", "--sequence-length", 320)
    out = stop(p, "bench stopped", rb"2/2 sampling", *slow, "--csv", "halted.csv", "--plot",
               "halted.svg")
    p.check("bench stopped: the first row", b"\nshort     1 " in out and
            b"\nmachine" in out and b"1000" not in out, out)
    out = stop(p, "bench --json stopped", rb"2/2 sampling", *slow, "--json")
    report = json.loads(out) if out else {"complete": None}
    p.check("bench --json stopped", report["complete"] is False and len(report["rows"]) == 1,
            out)
    args = ["bench", "--synthetic", "small", "--num-steps", 1000]
    env = dict(p.env, TMPDIR=p.file("temporary"))
    out = stop(p, "bench --synthetic stopped", rb"writing|warming", *args, env=env)
    p.check("stopped before there was a row", out == b"", out)
    left = os.listdir(p.file("temporary")) + [n for n in os.listdir(p.folder)
                                              if n.startswith("halted")]
    p.check("bench leaves nothing when stopped", not left, left)


def cases():
    """(name, arguments after `bench`, exit code, pattern)"""
    usage = {
        "--texts": ("not short, medium or long", ["shrot", "", "short,", ",long", "SHORT"]),
        "--num-steps": ("from 1 to 1000", ["", "0", "5,", "1001", "x"]),
        "--voices": ("from 0 to 300", ["", "-1", "301", "10s"]),
        "--runs": ("from 1 to 100", ["0", "101"]),
        "--block-sizes": ("from 1 to 640", ["", "0", "8,", "641"]),
        "--sequence-length": ("from 1 to 640", ["0", "641"]),
        "--synthetic": ("not base or small", ["", "huge"]),
    }
    for option, (pattern, values) in usage.items():
        for value in values:
            yield f"bench {option}={value}", [f"{option}={value}"], 2, f"{option}: .*{pattern}"
    for value in ("", ",", "cpu,", ",cpu", "cpu+", "+cpu", "cpu,,vulkan"):
        yield f"bench --devices={value}", [f"--devices={value}"], 2, "--devices: a name is empty: .*list like cpu"
    for value, device in (("abacus", "abacus"), ("cpu,CPU", "CPU"), ("cpu+abacus", "abacus"), ("cpu:1", "cpu:1"),
                          ("cpu+cpu+cpu", r"cpu\+cpu"), ("all+cpu", "all"), ("vulkan" * 20, "vulkanvulkan")):
        yield f"bench --devices={value}", [f"--devices={value}"], 2, f"--devices: unknown device '{device}"
    yield "bench on a strange number", ["--devices=cpu,vulkan:x"], 2, "--devices: 'vulkan:x': expected a number"
    yield ("bench --devices of many", ["--devices=cpu,auto," + ",".join(f"vulkan:{i}" for i in range(7))], 2,
           "--devices: too many, at most 8")
    for option in ("--device", "--codec-device"):
        yield f"bench --devices and {option}", ["--devices=cpu", option, "cpu"], 2, "leave --device and"
    yield "bench of kernels on many", ["--kernels", "--devices=cpu,vulkan"], 2, "--kernels measures one device"
    yield "bench of blocks and a window", ["--block-sizes=8", "--sequence-length=8"], 2, "give one of them"
    yield "bench of long blocks", ["--block-sizes=320,321"], 2, "641 frames, at most 640"
    for option, value in (("--texts", "short,short"), ("--num-steps", "5,10,5"),
                          ("--voices", "0,0"), ("--devices", "cpu,vulkan,cpu"), ("--devices", "cpu,cpu+cpu"),
                          ("--devices", "auto+auto,auto"), ("--devices", "all,cpu")):
        yield f"bench {option} twice", [f"{option}={value}"], 2, f"{option}: .* given twice"
    for option in ("--num-steps", "--voices"):
        yield (f"bench many {option}", [option, "1,2,3,4,5,6,7,8,9"], 2,
               f"{option}: 9 are too many, at most 8")
    yield "bench of two models", ["-m", "TINY", "--synthetic", "small"], 2, "-m and --synthetic"
    yield "bench twice to stdout", ["--csv", "-", "--json"], 2, "standard output"
    yield "bench plot to stdout", ["--plot", "-"], 2, "a plot"
    yield "bench one name twice", ["--csv", "b", "--plot", "b"], 2, "same file"
    yield "bench with a word", ["Hello."], 2, "options only"
    for option in ("--csv", "--plot"):
        yield f"bench {option} into no folder", [option, "no/out"], 1, "no/out.*No such"
        yield f"bench {option} onto a folder", [option, "."], 1, "directory"
        yield f"bench {option} without a name", [option + "="], 2, "empty name"
    yield "bench of no model", ["-m", "nowhere"], 1, "nowhere"


def check(p):
    check_forms(p)
    check_devices(p)
    check_strange_model(p)
    check_synthetic(p)
    check_interrupt(p)
    for name, args, code, pattern in cases():
        refusals.refused(p, name, ["bench", *args], b"", code, pattern)
    done = p.run(*small(p, "--csv", "/dev/full"))
    p.check("bench to a full disk", done.returncode == 1 and is_one_line(done.stderr, "No space")
            and b"\nshort" in done.stdout, text(done.stderr))
    shutil.rmtree(p.file("temporary"))
