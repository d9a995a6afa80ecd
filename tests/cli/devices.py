# SPDX-License-Identifier: MIT
"""Devices by name: what there is, what runs where, and what cannot be had."""
import json
import os

import bench
import safetensors
import wav
from harness import is_one_line, read, relative_error, snr, text

FAILED, USAGE = 1, 2

# With these the other cases do not see a GPU.
HIDING = ("ECHOTTS_DEVICE", "VK_DRIVER_FILES", "VK_ICD_FILENAMES")
SAY = ("say", "Good morning.", "-s", 2, "--rng-seed", 7, "--float", "--no-trim")
WINDOW = ("--sequence-length", 8)

# How near a GPU must be to the CPU's float32: measured 105 dB and 48 dB.
F32_DB, F16_DB = 85, 38
# Of packed weights, in the latents.
PACKED_ERROR = 0.2


def info(p, *args, env=None):
    done = p.good("info --json", "info", "--json", *args, env=env)
    return json.loads(done.stdout) if done else {}


def speech(p, case, *args):
    """The samples, and the report."""
    done = p.good(case, *SAY, "-o", "o.wav", "--latent-out", "o.latent", "--json", *args)
    if not done:
        return [], [], {}
    latent = safetensors.load(p.file("o.latent"))["latent"].data
    return wav.parse(read(p.file("o.wav")))[2], latent, json.loads(done.stdout)


def near(p, case, got, want, decibels):
    db = snr(got, want) if got and want else 0
    p.check(case, db >= decibels, f"{db:.1f} dB, at least {decibels}")


def check_list(p, devices):
    first = devices[0]
    p.check("the CPU is the first device", first["name"] == "cpu" and first["usable"] and not first["state"], first)
    for i, d in enumerate(devices[1:]):
        p.check(f"{d['name']}: its name", d["name"] == f"vulkan:{i}")
        p.check(f"{d['name']}: usable, or why not", d["usable"] != bool(d["state"]), d)
        p.check(f"{d['name']}: driver, memory", d["driver"] and d["memory"] > 0, d)
    words = p.good("info", "info", "-m", p.model("odd"))
    p.check("info names them", words and all(d["name"] in text(words.stdout) for d in devices))


def check_parity(p, device):
    odd = ("-m", p.model("odd"), "-v", os.path.join(p.data, "reports/audio/A14-left-only-rms.wav"))
    exact = ("--precision", "f32", "--codec-precision", "f32")
    want, _, report = speech(p, "say on the CPU", *odd, *WINDOW, *exact, "--device", "cpu")
    got, _, report = speech(p, "say in f32", *odd, *WINDOW, *exact, "--device", device)
    near(p, "f32 as on the CPU", got, want, F32_DB)
    p.check("the report names it", report.get("device", "").startswith(device), report.get("device"))
    got, _, report = speech(p, "say in f16", *odd, *WINDOW, "--device", device)
    near(p, "f16 nearly as on the CPU", got, want, F16_DB)
    p.check("auto is f16 there", (report.get("precision"), report.get("codec_precision")) == ("f16", "f16"), report)


def check_hybrid(p, device):
    odd = ("-m", p.model("odd"), "--block-sizes", "4,4")
    exact = ("--precision", "f32", "--codec-precision", "f32")
    want, _, _ = speech(p, "blocks on the CPU", *odd, *exact, "--device", "cpu")
    for one, other in ((device, "cpu"), ("cpu", device)):
        case = f"blocks on {one}, the codec on {other}"
        got, _, report = speech(p, case, *odd, *exact, "--device", one, "--codec-device", other)
        near(p, case, got, want, F32_DB)
        p.check(f"{case}: the report", report.get("device", "").startswith(one) and
                report.get("codec_device", "").startswith(other), report)


def check_packed(p, device):
    _, want, _ = speech(p, "say unpacked", "-m", p.model("tiny"), *WINDOW, "--precision", "f32", "--device", "cpu")
    p.good("pack", "pack", "-m", p.model("tiny"), "--precision", "int8", "-o", "d.echo")
    _, got, report = speech(p, "say packed", "-m", p.file("d.echo"), *WINDOW, "--device", device, "--codec-device", "cpu")
    error = relative_error(got, want)
    p.check("packed in int8, computed in f16", report.get("precision") == "f16" and error < PACKED_ERROR,
            f"{report.get('precision')}, {error:.3f}")


def refusals(device):
    """Name, options, exit status, a pattern of the line."""
    yield "no such device", ("--device", "vulkan:77"), FAILED, "no device vulkan:77: 1 was found"
    yield "no number", ("--device", "vulkan:x"), USAGE, "'vulkan:x': expected a number"
    yield "a CPU by number", ("--device", "cpu:0"), FAILED, "unknown device 'cpu:0': expected auto, cpu or vulkan"
    yield "another name", ("--device", "cuda"), FAILED, "unknown device 'cuda'"
    yield "another codec device", ("--codec-device", "cuda"), FAILED, "unknown codec_device 'cuda'"
    yield "bf16 there", ("--device", device, "--precision", "bf16"), USAGE, "this device takes auto, f32 or f16"
    yield "int8 there", ("--device", device, "--precision", "int8"), USAGE, "this device takes auto, f32 or f16"
    yield ("a codec in bf16 there", ("--device", device, "--codec-precision", "bf16"), USAGE,
           "this device takes auto, f32 or f16")
    yield "f16 on the CPU", ("--device", "cpu", "--precision", "f16"), USAGE, "this device takes auto, f32, bf16 or int8"


def check_refusals(p, device):
    for case, options, status, pattern in refusals(device):
        done = p.run(*SAY, "-m", p.model("odd"), "-o", "no.wav", *options)
        p.check(f"{case}: refused", done.returncode == status and is_one_line(done.stderr, pattern),
                f"{done.returncode}, {text(done.stderr)}")
        p.check(f"{case}: no file", not os.path.exists(p.file("no.wav")))


def check_without(p, case, env, pattern):
    """No device, or no library: the same program works on the CPU."""
    devices = info(p, "-m", p.model("odd"), env=env).get("devices", [])
    p.check(f"{case}: the CPU alone", [d["name"] for d in devices] == ["cpu"], devices)
    for device in (), ("--device", "auto"), ("--device", "cpu"):
        p.good(f"{case}: {device}", *SAY, "-m", p.model("odd"), *WINDOW, "-o", "w.wav", *device, env=env)
    done = p.run(*SAY, "-m", p.model("odd"), "-o", "w.wav", "--device", "vulkan", env=env)
    p.check(f"{case}: vulkan is refused", done.returncode == FAILED and is_one_line(done.stderr, pattern),
            text(done.stderr))


def check(p):
    hidden = p.env
    p.env = {k: v for k, v in hidden.items() if k not in HIDING}
    for name in HIDING[1:]:
        if name in os.environ:
            p.env[name] = os.environ[name]
    check_devices(p)
    p.env = hidden


def check_preset(p, device):
    """The environment says what "auto" is, and an option says more than that."""
    env = {**p.env, "ECHOTTS_DEVICE": device}
    model = info(p, "-m", p.model("odd"), env=env).get("model", {})
    p.check("the environment names a device", model.get("device", "").startswith(device), model.get("device"))
    model = info(p, "-m", p.model("odd"), "--device", "cpu", env=env).get("model", {})
    p.check("an option overrides it", model.get("device", "").startswith("cpu"), model.get("device"))
    done = p.run("info", "-m", p.model("odd"), env={**p.env, "ECHOTTS_DEVICE": "abacus"})
    p.check("a wrong one is refused", done.returncode == FAILED and is_one_line(done.stderr, "unknown device 'abacus'"),
            text(done.stderr))


def check_devices(p):
    devices = info(p, "-m", p.model("odd")).get("devices", [])
    check_list(p, devices)
    check_without(p, "no driver", {**p.env, "VK_DRIVER_FILES": "/nowhere", "VK_ICD_FILENAMES": "/nowhere"},
                  "finds no driver|no Vulkan library")
    shim = os.path.join(os.path.dirname(p.path), "tests", "libno_vulkan.so")
    if os.path.exists(shim):
        check_without(p, "no library", {**p.env, "LD_PRELOAD": shim}, "there is no Vulkan library")
    usable = [d["name"] for d in devices[1:] if d["usable"]]
    if not usable:
        print("no usable Vulkan device: the rest of its tests is skipped")
        return
    if all(d["software"] for d in devices[1:]):
        model = info(p, "-m", p.model("odd"), "--device", "auto").get("model", {})
        p.check("auto takes no software driver", model.get("device", "").startswith("cpu"), model.get("device"))
    check_preset(p, usable[0])
    check_parity(p, usable[0])
    check_hybrid(p, usable[0])
    check_packed(p, usable[0])
    check_refusals(p, usable[0])
    bench.check_side_by_side(p, "bench on Vulkan", "cpu,vulkan+cpu", 1)
    bench.check_kernels(p, "vulkan", "f32")
