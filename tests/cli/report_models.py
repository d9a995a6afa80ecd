# SPDX-License-Identifier: MIT
"""Models, voices and command lines that people reported: tests/data/reports/README.md, third table."""
import array
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import time
import unicodedata

import terminal
from harness import TIMEOUT_S, is_one_line, read, snr, text
from models import FILES, split
from wav import parse

FAILED, USAGE = 1, 2
WEIGHTS, PCA = "pytorch_model.safetensors", "pca_state.safetensors"
ECHO, DAC = "models--jordand--echo-tts-base", "models--jordand--fish-s1-dac-min"


# ---- making files ----

def put(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def link(path, to):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(to, path)


def tiny(p, name):
    return os.path.join(p.model("tiny"), name)


def tensors(path):
    """{name: (dtype, shape, bytes)}"""
    header, body = split(path)
    header.pop("__metadata__", None)
    return {name: (about["dtype"], about["shape"], body[slice(*about["data_offsets"])])
            for name, about in header.items()}


def save(path, arrays, meta=None, last=False, lead=b"", pad=8, fill=b" ", gap=0, tail=b""):
    """A safetensors file as other writers make it."""
    header, body = {}, bytearray()
    if meta is not None and not last:
        header["__metadata__"] = meta
    for name, (dtype, shape, data) in arrays.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data + bytes(gap)
    if meta is not None and last:
        header["__metadata__"] = meta
    head = lead + json.dumps(header, separators=(",", ":")).encode()
    head += fill * (-(len(head) + 8) % pad)
    put(path, struct.pack("<Q", len(head)) + head + body + tail)


def folder_with(p, name, *own):
    """A model's folder in which the files that are not one's own are those of tiny."""
    folder = p.file(f"reported/{name}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for file in FILES:
        if file.split(".")[0] not in own:
            os.symlink(tiny(p, file), os.path.join(folder, file))
    return folder


def with_echo(p, name, arrays, **how):
    folder = folder_with(p, name, "echo")
    save(os.path.join(folder, "echo.safetensors"), arrays, **how)
    return folder


def with_dac(p, name, arrays):
    folder = folder_with(p, name, "dac")
    save(os.path.join(folder, "dac.safetensors"), arrays)
    return folder


# ---- asking ----

def say(p, model, *args, env=None, voice="voice.wav"):
    """Speak with a model (None: the one that is found), in float32: the same on every CPU."""
    named = ["-m", model] if model else []
    return p.run("say", "Hello.", "-v", tiny(p, voice), "--rng-seed", 1, "-s", 1, "--sequence-length", 4, "--no-trim", "--float",
                 "--precision", "f32", "--threads", 1, *named, "-o", "out.wav", *args, env=env)


def sound(p, model, **how):
    """What is said, or what was wrong."""
    done = say(p, model, **how)
    return read(p.file("out.wav")) if done.returncode == 0 and not done.stderr else text(done.stderr)


def refused(p, name, model, pattern, env=None):
    """One line that fits, and nothing written."""
    if os.path.exists(p.file("out.wav")):
        os.remove(p.file("out.wav"))
    done = say(p, model, env=env)
    p.check(name, done.returncode == FAILED and is_one_line(done.stderr, pattern) and
            not os.path.exists(p.file("out.wav")), f"exit {done.returncode}, {text(done.stderr)!r}")


def info(p, model, env=None):
    """What info tells of the model; {} where there is none."""
    named = ["-m", model] if model else []
    done = p.good(f"info {model}", "info", "--json", *named, env=env)
    return (json.loads(done.stdout)["model"] or {}) if done else {}


# ---- where models lie ----

KINDS = {  # of what stands for a file in a cache
    "whole": lambda p, path, source: link(path, source),
    "copy": lambda p, path, source: put(path, read(source)),
    "dangling": lambda p, path, source: link(path, "../../blobs/0123"),
    "loop": lambda p, path, source: link(path, os.path.basename(path)),
    "empty": lambda p, path, source: put(path, b""),
    "pointer": lambda p, path, source: put(path, b"version https://git-lfs.github.com/spec/v1\nsize 5\n"),
    "folder": lambda p, path, source: os.makedirs(path),
    "gone": lambda p, path, source: os.makedirs(os.path.dirname(path), exist_ok=True),
}


def cache(p, name, echo=None, dac=None, main=None, loading=()):
    """A cache in hub/: snapshots of both, as {snapshot: kinds of weights and PCA}, {snapshot: kind}."""
    home = p.file(name)
    shutil.rmtree(home, ignore_errors=True)
    for snapshot, (weights, pca) in ({"aaa": ("whole", "whole")} if echo is None else echo).items():
        at = os.path.join(home, "hub", ECHO, "snapshots", snapshot)
        KINDS[weights](p, os.path.join(at, WEIGHTS), tiny(p, FILES[0]))
        KINDS[pca](p, os.path.join(at, PCA), tiny(p, FILES[2]))
    for snapshot, weights in ({"ddd": "whole"} if dac is None else dac).items():
        KINDS[weights](p, os.path.join(home, "hub", DAC, "snapshots", snapshot, WEIGHTS), tiny(p, FILES[1]))
    for repository, commit in (main or {}).items():
        put(os.path.join(home, "hub", repository, "refs/main"), commit.encode())
    for repository in loading:
        put(os.path.join(home, "hub", repository, "blobs/0123.incomplete"), b"begun")
    return home


def check_incomplete(p):
    """C11: a part of a model where models usually are is not passed over."""
    half = ("dangling", "whole")
    cases = [
        ("dangling", dict(echo={"aaa": half}), "jordand/echo-tts-base.*link to a file that is not there"),
        ("looping", dict(echo={"aaa": ("loop", "whole")}), "jordand/echo-tts-base"),
        ("empty", dict(echo={"aaa": ("empty", "whole")}), f"{WEIGHTS} is empty"),
        ("a folder", dict(echo={"aaa": ("folder", "whole")}), "not a regular file"),
        ("no pca", dict(echo={"aaa": ("whole", "gone")}), f"{PCA} is missing"),
        ("dangling pca", dict(echo={"aaa": ("whole", "dangling")}), f"{PCA} is a link"),
        ("no codec", dict(dac={}), "jordand/fish-s1-dac-min is missing"),
        ("dangling codec", dict(dac={"ddd": "dangling"}), "jordand/fish-s1-dac-min.*link"),
        ("codec alone", dict(echo={}), "jordand/echo-tts-base is missing"),
        ("both broken", dict(echo={"aaa": half}, dac={"ddd": "empty"}), "echo-tts-base.*;.*fish-s1-dac-min.*empty"),
        ("download begun", dict(echo={}, dac={}, loading=(ECHO,)), "jordand/echo-tts-base.*begun and not ended"),
        ("download of one begun", dict(dac={"ddd": "gone"}, loading=(DAC,)), "fish-s1-dac-min.*begun and not ended"),
        ("in parts of two", dict(echo={"aaa": half, "bbb": ("whole", "gone")}), "echo-tts-base"),
    ]
    for name, how, pattern in cases:
        home = cache(p, "partial", **how)
        env = dict(p.env, HF_HOME=home)
        refused(p, f"C11 {name}: say", None, f"{home}/hub.*{pattern}.*-m DIR", env=env)
        done = p.run("info", env=env)
        out = done.stdout.decode()
        p.check(f"C11 {name}: info", done.returncode == 0 and "\ncpu " in out and "\ndevices " in out and
                f"none to be used ({home}/hub" in out and not done.stderr, out + text(done.stderr))
        done = p.good(f"C11 {name}: info --json", "info", "--json", env=env)
        about = json.loads(done.stdout) if done else {}
        p.check(f"C11 {name}: info --json", about.get("model", 1) is None and home in about.get("no_model", ""), about)
    for name, how in (("nothing", dict(echo={}, dac={})), ("folders", dict(echo={"aaa": ("gone", "gone")}, dac={})),
                      ("refs alone", dict(echo={}, dac={}, main={ECHO: "aaa", DAC: "ddd"}))):
        env = dict(p.env, HF_HOME=cache(p, "partial", **how), ECHOTTS_MODEL="")
        about = p.run("info", "--json", env=env)
        p.check(f"C11 {name}: passed over", b"partial" not in about.stdout, about.stdout)
    data = p.file("data/echotts/base")
    put(os.path.join(data, "echo.safetensors"), read(tiny(p, FILES[0])))
    refused(p, "C11 installed in part", None, f"{data}.*dac.safetensors is missing, pca.safetensors is missing",
            env=dict(p.env, XDG_DATA_HOME=p.file("data")))
    shutil.rmtree(p.file("data"))
    refused(p, "C15 pointer", None, "Git LFS pointer",
            env=dict(p.env, HF_HOME=cache(p, "partial", echo={"aaa": ("pointer", "whole")})))


def check_snapshots(p):
    """C13, C16: which snapshot is meant."""
    want = sound(p, p.model("tiny"))
    whole, two = ("whole", "whole"), {"aaa": ("copy", "whole"), "bbb": ("copy", "whole")}
    cases = [
        ("one", dict(), "aaa", False),
        ("copies (C16)", dict(echo={"aaa": ("copy", "copy")}, dac={"ddd": "copy"}), "aaa", False),
        ("refs/main", dict(echo=two, main={ECHO: "aaa"}), "aaa", False),
        ("refs/main with a line end", dict(echo=two, main={ECHO: "aaa\n"}), "aaa", False),
        ("no refs: the newest", dict(echo=two), "bbb", False),
        ("refs/main elsewhere", dict(echo=two, main={ECHO: "../aaa"}), "bbb", False),
        ("refs/main not whole", dict(echo={"aaa": ("dangling", "whole"), "bbb": whole}, main={ECHO: "aaa"}), "bbb", True),
        ("refs/main not there", dict(main={ECHO: "zzz"}), "aaa", True),
        ("a whole one", dict(echo={"aaa": whole, "bbb": ("whole", "gone"), "ccc": ("empty", "whole")}), "aaa", False),
        ("a whole codec", dict(dac={"ddd": "whole", "eee": "dangling"}), "aaa", False),
        ("codec's refs/main not whole", dict(dac={"ddd": "whole", "eee": "dangling"}, main={DAC: "eee"}), "aaa", True),
    ]
    for name, how, snapshot, warned in cases:
        home = cache(p, "snapshots", **how)
        new = os.path.join(home, "hub", ECHO, "snapshots/bbb", WEIGHTS)
        if os.path.isfile(new) and not os.path.islink(new):
            os.utime(new, (2e9, 2e9))
        done = say(p, None, env=dict(p.env, HF_HOME=home))
        p.check(f"C13 {name}", done.returncode == 0 and read(p.file("out.wav")) == want, text(done.stderr))
        p.check(f"C13 {name}: warning", is_one_line(done.stderr, "warning:.*refs/main") if warned else not done.stderr,
                text(done.stderr))
        done = p.run("info", "--json", env=dict(p.env, HF_HOME=home))
        about = json.loads(done.stdout)["model"] or {}
        p.check(f"C13 {name}: of one snapshot", all(f"/snapshots/{snapshot}/" in about.get(key, "")
                                                    for key in ("echo_file", "pca_file")), about)


def check_variables(p):
    """Where the cache is: the first variable that is set decides, as in huggingface_hub."""
    for name in ("one", "two", "three"):
        cache(p, name)
    shutil.rmtree(p.file("four"), ignore_errors=True)
    shutil.copytree(cache(p, "five"), p.file("four/huggingface"), symlinks=True)
    shutil.rmtree(p.file("homely"), ignore_errors=True)
    shutil.copytree(p.file("five"), p.file("homely/.cache/huggingface"), symlinks=True)
    at = {name: p.file(name) for name in ("one", "two", "three", "four", "homely")}
    every = {"HF_HUB_CACHE": at["one"] + "/hub", "HUGGINGFACE_HUB_CACHE": at["two"] + "/hub",
             "HF_HOME": at["three"], "XDG_CACHE_HOME": at["four"], "HOME": at["homely"]}
    names = list(every)
    for i, name in enumerate(names):
        env = {k: v for k, v in p.env.items() if k not in names}
        env.update({k: every[k] for k in names[i:]}, MODELS=at["one"])
        where = list(at.values())[i]
        p.check(f"cache by {name}", info(p, None, env=env).get("path", "").startswith(where), where)
        env.update({k: "" for k in names[:i]})
        p.check(f"cache by {name}, others empty", info(p, None, env=env).get("path", "").startswith(where), where)
    for name, value in (("HF_HUB_CACHE", "~/one/hub"), ("HF_HUB_CACHE", "$MODELS/hub"), ("HF_HUB_CACHE", "${MODELS}/hub"),
                        ("HUGGINGFACE_HUB_CACHE", "$HOME/one/hub"), ("HF_HOME", "~/one"), ("HF_HOME", "${HOME}/$ONE"),
                        ("HF_HOME", "one")):
        env = dict(p.env, MODELS=at["one"], ONE="one", **{name: value})
        found = info(p, None, env=env).get("path", "")
        p.check(f"cache by {name}={value}", found and os.path.samefile(p.file(found), at["one"] + "/hub"), found)
    # The first folder that is set counts, even if it does not exist: the next one is not asked.
    found = info(p, None, env=dict(p.env, HF_HUB_CACHE=p.file("nowhere"), HF_HOME=at["three"])).get("path", "")
    p.check("the first that is set decides", at["three"] not in found, found)


def check_names_of_models(p):
    """C17: a model by one of its repositories, a snapshot, a file of it."""
    want = sound(p, p.model("tiny"))
    home = cache(p, "by name")
    hub, ways = os.path.join(home, "hub"), []
    for repository in (ECHO, DAC):
        snapshots = os.path.join(hub, repository, "snapshots")
        snapshot = os.path.join(snapshots, os.listdir(snapshots)[0])
        ways += [os.path.join(hub, repository), snapshot, snapshot + "/", os.path.join(snapshot, WEIGHTS)]
    ways += [home, hub, os.path.join(hub, ECHO, "snapshots/aaa", PCA), os.path.join(p.model("tiny"), FILES[0]),
             os.path.join(p.model("tiny"), FILES[2])]
    for echo, dac in (("echo-tts-base", "fish-s1-dac-min"), ("jordand/echo-tts-base", "jordand/fish-s1-dac-min"),
                      ("jordand--echo-tts-base", "jordand--fish-s1-dac-min"),
                      ("jordand_echo-tts-base", "jordand_fish-s1-dac-min"),
                      ("jordand--echo-tts-base", "fish-s1-dac-min")):
        parent = p.file(f"spelled {echo.replace('/', '+')} {dac.replace('/', '+')}")
        link(os.path.join(parent, echo, WEIGHTS), tiny(p, FILES[0]))
        link(os.path.join(parent, echo, PCA), tiny(p, FILES[2]))
        link(os.path.join(parent, dac, WEIGHTS), tiny(p, FILES[1]))
        ways += [parent, os.path.join(parent, echo), os.path.join(parent, dac), os.path.join(parent, dac, WEIGHTS)]
    for way in ways:
        got = sound(p, way)
        p.check(f"C17 {way[len(p.folder):]}", got == want, got if isinstance(got, str) else "another sound")
    flat = os.path.join(p.file("spelled echo-tts-base fish-s1-dac-min"), "echo-tts-base")
    done = subprocess.run([p.path, "info", "--json", "-m", "."], capture_output=True, cwd=flat, env=p.env, check=False)
    p.check("C17 -m .", done.returncode == 0, text(done.stderr))
    shutil.rmtree(os.path.join(os.path.dirname(flat), "fish-s1-dac-min"))
    refused(p, "C17 alone", flat, "jordand/fish-s1-dac-min is missing")
    refused(p, "C17 the file alone", os.path.join(flat, WEIGHTS), "not a packed model.*fish-s1-dac-min is missing")
    shutil.rmtree(home)


# ---- what is in the files ----

def check_prefixes(p):
    """C01, C10: names as trainers save them, and weight norm's older ones."""
    echo, dac = tensors(tiny(p, FILES[0])), tensors(tiny(p, FILES[1]))
    want = sound(p, p.model("tiny"))
    prefixes = ["_orig_mod.", "module.", "model.", "ema_model.", "ema.", "generator.", "base_model.model.",
                "module._orig_mod.", "_orig_mod.module.", "model.module._orig_mod."]
    for prefix in prefixes:
        for which, arrays, make in (("speech", echo, with_echo), ("codec", dac, with_dac)):
            if which == "codec" and prefix in prefixes[1:5]:
                continue
            model = make(p, "prefixed", {prefix + name: a for name, a in arrays.items()})
            p.check(f"C01 {which} {prefix}", sound(p, model) == want, sound(p, model)[:300])
            p.check(f"C01 {which} {prefix}: told", info(p, model).get("stripped") == f"{which}: {prefix}", prefix)
    done = p.run("info", "-m", model)
    p.check("C01 told in words", b"\n  stripped    codec: model.module._orig_mod. (" in done.stdout, done.stdout)
    p.check("C01 nothing to tell", info(p, p.model("tiny")).get("stripped") == "")

    def inside(part, wrapper):
        return {name.replace(part, part + wrapper, 1): a for name, a in echo.items()}
    several = {"model." + name: a for name, a in echo.items()}
    good = [
        ("blocks compiled alone", inside("blocks.1.", "_orig_mod.")),
        ("sharded blocks", inside("blocks.0.", "_fsdp_wrapped_module.")),
        ("saved activations", inside("attention.", "_checkpoint_wrapped_module.")),
        ("plain names win", {**echo, **{"ema." + name: (t, s, bytes(len(d))) for name, (t, s, d) in echo.items()}}),
        ("with a step", {**several, "step": ("I64", [], bytes(8)), "ema_decay": ("F32", [], bytes(4))}),
        ("with an optimizer", {**several, "optimizer.state.0.exp_avg": ("F32", [2], bytes(8))}),
        ("with a critic", {**{"generator." + n: a for n, a in echo.items()}, "discriminator.0.weight": ("F32", [1], bytes(4))}),
    ]
    for name, arrays in good:
        got = sound(p, with_echo(p, "prefixed", arrays))
        p.check(f"C01 {name}", got == want, got[:300])
    bad = [
        ("two of them", {**several, **{"ema_model." + name: a for name, a in echo.items()}}, "begin with 'model.'.*'ema_model"),
        ("some without", {("" if name.startswith("blocks.1") else "module.") + name: a for name, a in echo.items()},
         "begin with 'module.'.*'blocks.1"),
        ("nobody knows", {"student." + name: a for name, a in echo.items()}, "begin with 'student.', which is not known"),
        ("one twice", {**{"_orig_mod." + n: a for n, a in echo.items()},
                       **{"_fsdp_wrapped_module." + n: a for n, a in list(echo.items())[:3]}}, "in it twice"),
    ]
    for name, arrays, pattern in bad:
        refused(p, f"C01 {name}", with_echo(p, "prefixed", arrays), f"echo.safetensors: .*{pattern}")

    old = {}
    for name, a in dac.items():
        for number, letter in (("0", "g"), ("1", "v")):
            name = name.replace(f"parametrizations.weight.original{number}", f"weight_{letter}")
        old[name] = a
    p.check("C10 there are such", sum(n.endswith("weight_g") for n in old) > 20)
    for name, arrays in (("older weight norm", old), ("and generator.", {"generator." + n: a for n, a in old.items()})):
        got = sound(p, with_dac(p, "prefixed", arrays))
        p.check(f"C10 {name}", got == want, got[:300])
    packs = []
    for model in (p.model("tiny"), with_dac(p, "prefixed", old)):
        p.good("C10 pack", "pack", "-m", model, "--precision", "bf16", "-o", "old.echo")
        header, body = split(p.file("old.echo"))
        packs.append(({n: a for n, a in header.items() if not n.startswith("voice.")}, body[:1 << 20]))
    p.check("C10 packed as ever", packs[0] == packs[1])


def check_wrong_files(p):
    """C02 to C05, C08, C09, C18, and what else people take for a model."""
    echo, dac = tensors(tiny(p, FILES[0])), tensors(tiny(p, FILES[1]))
    want = sound(p, p.model("tiny"))
    extra = {**echo, "empty": ("F32", [0], b""), "hollow": ("BF16", [3, 0, 5], b""), "step": ("I64", [], bytes(8)),
             "moment": ("F64", [2], bytes(16))}
    for name, arrays, how in (("C03 bytes behind", echo, dict(tail=b"\t\x07/\0")), ("C04 not padded", echo, dict(pad=1)),
                              ("C04 gaps", echo, dict(gap=8)), ("C05 notes last", echo, dict(meta={"a": "b"}, last=True)),
                              ("C05 nested notes", echo, dict(meta={"step": 1, "more": {"a": [1]}})),
                              ("C05 blanks before", echo, dict(lead=b"  ")), ("C05 other types", extra, {})):
        got = sound(p, with_echo(p, "odd", arrays, **how))
        p.check(name, got == want, got[:300])
    refused(p, "C02 padded with zeros", with_echo(p, "odd", echo, pad=64, fill=b"\0"), "not valid JSON")

    wq = "blocks.0.attention.wq"
    low = {f"{wq}.{a}": ("F32", [4, 128] if a[-1] == "A" else [128, 4], bytes(2048)) for a in ("lora_A", "lora_B")}
    adapters = [
        ("PEFT", {f"base_model.model.{n}.weight": a for n, a in low.items()}),
        ("A and B", {f"{n}.weight": a for n, a in low.items()}),
        ("down and up", {f"lora_unet_blocks_0_wq.lora_{d}.weight": ("F32", [1], bytes(4)) for d in ("down", "up")}),
        ("DoRA", {f"{wq}.lora_magnitude_vector": ("F32", [128], bytes(512))}),
        ("not merged", {**{n.replace(f"{wq}.weight", f"{wq}.base_layer.weight"): a for n, a in echo.items()}, **low}),
        ("beside the whole", {**echo, **low}),
    ]
    for name, arrays in adapters:
        refused(p, f"C08 {name}", with_echo(p, "odd", arrays), "echo.safetensors: .*LoRA.*merge")
    missing = dict(echo)
    del missing[f"{wq}.weight"]
    kind, _, data = echo[f"{wq}.weight"]
    for name, arrays, pattern in (
            ("missing_one", missing, f"'{wq}.weight' is missing"),
            ("halfblock", {n: a for n, a in echo.items() if not n.startswith("latent_encoder")}, "blockwise"),
            ("flat_shape", {**echo, f"{wq}.weight": (kind, [len(data) // 2], data)}, f"'{wq}.weight' has shape"),
            ("the codec twice", dac, "this is the codec, where the speech model is expected")):
        refused(p, f"C09 {name}", with_echo(p, "odd", arrays), f"echo.safetensors: .*{pattern}")
    refused(p, "the speech model twice", with_dac(p, "odd", echo), "dac.safetensors: this is the speech model, where")
    folder = folder_with(p, "odd", "echo", "dac")
    os.symlink(tiny(p, FILES[0]), os.path.join(folder, "dac.safetensors"))
    os.symlink(tiny(p, FILES[1]), os.path.join(folder, "echo.safetensors"))
    refused(p, "swapped", folder, "echo.safetensors is the codec and .*dac.safetensors the speech model.*swapped")
    for i, name in enumerate(("echo", "dac", "pca")):
        folder = folder_with(p, "odd", name)
        put(os.path.join(folder, FILES[i]), b"")
        refused(p, f"empty {name}", folder, f"{name}.safetensors is empty")
    folder = folder_with(p, "odd", "echo")
    put(os.path.join(folder, "echo.safetensors"), b"PK\3\4" + bytes(100))
    refused(p, "C09 .pt", folder, "ZIP archive is truncated")
    put(os.path.join(folder, "echo.safetensors"), b"GGUF" + bytes(100))
    refused(p, "C18 GGUF", folder, "GGUF")

    halves = {n: array.array("H", d) for n, (_, _, d) in echo.items()}
    wide = {n: array.array("f", array.array("I", (x << 16 for x in h)).tobytes()) for n, h in halves.items()}
    noblock = {n: a for n, a in echo.items() if "latent" not in n}
    single = sound(p, with_echo(p, "odd", {n: ("F32", echo[n][1], w.tobytes()) for n, w in wide.items()}))
    p.check("C09 f32", single == want)
    p.check("C09 noblock", sound(p, with_echo(p, "odd", noblock)) == want)
    half = sound(p, with_echo(p, "odd", {n: ("F16", echo[n][1], struct.pack(f"<{len(w)}e", *w)) for n, w in wide.items()}))
    db = snr(parse(half)[2], parse(want)[2]) if isinstance(half, bytes) else half
    p.check("C09 f16", isinstance(db, float) and db > 60, db)


def check_shards(p):
    """C07: a model in several files."""
    echo, dac, want = tensors(tiny(p, FILES[0])), tensors(tiny(p, FILES[1])), sound(p, p.model("tiny"))

    def cut(folder, stem, arrays, parts, digits=5):
        names = list(arrays)
        for i in range(parts):
            save(f"{folder}/{stem}-{i + 1:0{digits}}-of-{parts:0{digits}}.safetensors",
                 {n: arrays[n] for n in names[i::parts]})

    for name, parts, digits in (("two", 2, 5), ("five", 5, 5), ("one", 1, 5), ("short numbers", 3, 1)):
        folder = folder_with(p, "shards", "echo")
        cut(folder, "echo", echo, parts, digits)
        got = sound(p, folder)
        p.check(f"C07 {name}", got == want, got[:300])
    cut(folder_with(p, "shards", "echo", "dac"), "echo", {"module." + n: a for n, a in echo.items()}, 2)
    cut(folder, "dac", dac, 3)
    p.check("C07 both, with a prefix", sound(p, folder) == want, sound(p, folder)[:300])
    about = info(p, folder)
    whole = sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder))
    p.check("C07 info", about.get("file_bytes") == whole and about.get("echo_file", "").endswith("-00001-of-00002.safetensors"),
            about)
    done = p.good("C07 --check", "info", "-m", folder, "--check")
    p.check("C07 --check", done and b"all weights are finite" in done.stdout)
    p.check("C07 by a file of it", sound(p, os.path.join(folder, "echo-00001-of-00002.safetensors")) == want)
    p.good("C07 pack", "pack", "-m", folder, "--precision", "bf16", "-o", "shards.echo")
    p.good("C07 pack", "pack", "-m", p.model("tiny"), "--precision", "bf16", "-o", "whole.echo")
    one, two = (tensors(p.file(f)) for f in ("shards.echo", "whole.echo"))
    p.check("C07 packed as ever", one == {n: a for n, a in two.items() if not n.startswith("voice.")})

    os.remove(os.path.join(folder, "dac-00002-of-00003.safetensors"))
    refused(p, "C07 one missing", folder, "dac-00002-of-00003.safetensors is missing")
    link(os.path.join(folder, "dac-00002-of-00003.safetensors"), "nowhere")
    refused(p, "C07 one dangling", folder, "dac-00002-of-00003.safetensors is a link")
    os.remove(os.path.join(folder, "dac-00002-of-00003.safetensors"))
    put(os.path.join(folder, "dac-00002-of-00003.safetensors"), b"PK\3\4 no shard at all")
    refused(p, "C07 one damaged", folder, "dac-00002-of-00003.safetensors: ")
    save(os.path.join(folder, "dac-00002-of-00003.safetensors"), dac)
    refused(p, "C07 tensors twice", folder, "dac-\\*-of-00003.safetensors: tensor '.*twice")
    folder = folder_with(p, "shards", "echo")
    put(os.path.join(folder, "echo.safetensors.index.json"), b"{}")
    refused(p, "C07 an index alone", folder, "missing")
    home = p.file("shards-hub")
    at = os.path.join(home, "hub", ECHO, "snapshots/aaa")
    cut(at, "pytorch_model", echo, 2)
    put(os.path.join(at, WEIGHTS + ".index.json"), b"{}")
    link(os.path.join(at, PCA), tiny(p, FILES[2]))
    link(os.path.join(home, "hub", DAC, "snapshots/ddd", WEIGHTS), tiny(p, FILES[1]))
    env = dict(p.env, HF_HOME=home)
    p.check("C07 in a cache", sound(p, None, env=env) == want)
    os.remove(os.path.join(at, "pytorch_model-00002-of-00002.safetensors"))
    refused(p, "C07 in a cache, one missing", None, "pytorch_model-00002-of-00002.safetensors is missing", env=env)


# ---- voices ----

def voices(p, model):
    return info(p, model).get("voices")


def named(p, model, name, *args):
    """What is said in a voice, with the line on stderr."""
    done = p.run("say", "Hello.", "-v", name, "--rng-seed", 1, "-s", 1, "--sequence-length", 4, "--no-trim", "--float", "-t", 1, "-m", model,
                 "-o", "out.wav", *args)
    return read(p.file("out.wav")) if done.returncode == 0 else None, text(done.stderr)


def check_packed_voices(p):
    """C19: voices go with their model."""
    folder = folder_with(p, "voiced")
    clip = read(tiny(p, "voice.wav"))
    composed, decomposed = (unicodedata.normalize(form, "Zoë") for form in ("NFC", "NFD"))
    for name in ("anna.wav", "anna.flac", "anna.mp3", "bob.FLAC", decomposed + ".ogg", "two words.opus", ".hidden.wav",
                 "none.txt"):
        put(os.path.join(folder, name), clip)
    put(os.path.join(folder, "bob.mp3"), b"not read: FLAC goes first")
    os.makedirs(os.path.join(folder, "no clip.wav"))
    put(os.path.join(folder.encode(), b"latin\xe9.wav").decode("utf-8", "surrogateescape"), clip)
    want = sorted(["anna", "bob", "two words", composed])
    p.check("C19 each once", voices(p, folder) == want, voices(p, folder))
    for precision in ("bf16", "int8"):
        packed = p.file("elsewhere/small.echo")
        os.makedirs(p.file("elsewhere"), exist_ok=True)
        put(p.file("elsewhere/x.wav"), clip)
        p.good("C19 pack", "pack", "-m", folder, "--precision", precision, "-o", packed)
        p.check(f"C19 {precision}: its own alone", voices(p, packed) == want, voices(p, packed))
        held = tensors(packed)
        p.check(f"C19 {precision}: bytes of the clips", all(held[f"voice.{n}"][0] == "U8" and held[f"voice.{n}"][2] == clip
                                                             for n in want))
        for name in ("anna", "Zoë", "two words"):
            if precision == "int8":
                one, two = named(p, packed, name), named(p, folder, name, "--precision", precision)
                p.check(f"C19 {precision} {name}", one[0] and one == two, f"{one[1]} {two[1]}")
        path = named(p, packed, os.path.join(folder, "anna.wav"))
        p.check(f"C19 {precision}: as the clip itself", path[0] and path == named(p, packed, "anna"), path[1])
    p.good("C19 --check", "info", "-m", packed, "--check")
    header, body = split(packed)
    first = header["voice.bob"]["data_offsets"][0]
    data = bytearray(read(packed))
    data[len(data) - len(body) + first + 50] ^= 1
    put(p.file("hurt.echo"), bytes(data))
    done = p.run("info", "-m", "hurt.echo", "--check")
    p.check("C19 a damaged clip", done.returncode == FAILED and is_one_line(done.stderr, "'voice.bob'.*checksum"), done.stderr)
    put(os.path.join(folder, "anna.wav"), b"no sound")
    p.good("C19 pack", "pack", "-m", folder, "--precision", "int8", "-o", packed)
    done = named(p, packed, "anna")
    p.check("C19 a clip that is none", done[0] is None and done[1].startswith(f"echotts: {packed}: voice anna: "), done[1])
    old = tensors(packed)
    notes = split(packed)[0]["__metadata__"]
    save(p.file("old.echo"), {n: a for n, a in old.items() if not n.startswith("voice.")}, meta=notes, pad=64)
    p.check("C19 packed before", voices(p, p.file("old.echo")) == [])
    done = named(p, p.file("old.echo"), "anna")
    p.check("C19 no voices", done[0] is None and "anna: No such file or directory, and this model brings no voices" in done[1],
            done[1])


def check_voice_names(p):
    """L02: names nobody has, names in other forms, and files of the same name."""
    folder = folder_with(p, "named")
    mine, theirs = "tiny/voice.wav", "reports/audio/ok-plain.wav"
    clips = {"slt": mine, unicodedata.normalize("NFD", "Zoë"): theirs, "dr.who": theirs}
    for name, clip in clips.items():
        shutil.copy(os.path.join(p.data, clip), os.path.join(folder, name + ".wav"))
    slt, other = (named(p, folder, os.path.join(p.data, clip))[0] for clip in (mine, theirs))
    p.check("L02 two voices", slt and other and slt != other)
    for name, want in (("slt", slt), ("SLT", slt), ("Slt", slt), ("slt.wav", slt), ("SLT.WAV", slt), ("ＳＬＴ", slt),
                       (unicodedata.normalize("NFC", "Zoë"), other), (unicodedata.normalize("NFD", "Zoë"), other),
                       (unicodedata.normalize("NFD", "ZOË"), other), ("dr.who", other), ("Dr.Who", other)):
        got = named(p, folder, name)
        p.check(f"L02 {name!r}", got == (want, ""), got[1])
    for name, pattern in (("alloy", r"alloy: No such.*it has Zoë, dr\.who, slt$"), ("stl", "did you mean slt"),
                          ("zoe", "did you mean Zoë"), ("slt2", "did you mean slt"), ("alloy.wav", "it has Zoë, dr.who, slt"),
                          ("dr", "no voice of this model"), ("x" * 3000, "no voice of this model"),
                          ("\udcff", "no voice of this model")):
        got = named(p, folder, name)
        p.check(f"L02 {name[:20]!r} unknown", got[0] is None and is_one_line((got[1] + "\n").encode(), pattern), got[1])
    done = p.run("say", "Hello.", "-v", "", "-m", folder, "-o", "out.wav")
    p.check("L02 no name", done.returncode == USAGE and is_one_line(done.stderr, "-v: the name of the voice is empty"), done.stderr)
    p.good("L02 encode", "encode", "SLT", "-m", folder, "-o", "slt.latents")

    shutil.copy(os.path.join(p.data, theirs), p.file("slt"))
    got = named(p, folder, "SLT")
    p.check("L02 nothing hides it", got == (slt, ""), got[1])
    got = named(p, folder, "slt")
    p.check("L02 a file here", got[0] == slt and is_one_line((got[1] + "\n").encode(), r"warning: slt.*\./slt"), got[1])
    p.check("L02 ./ is the file", named(p, folder, "./slt") == (other, ""))
    os.rename(p.file("slt"), p.file("slt.wav"))
    p.check("L02 a file's whole name", named(p, folder, "slt.wav") == (other, ""))
    os.rename(p.file("slt.wav"), p.file("mine.wav"))
    p.check("L02 a file without a voice", named(p, folder, "mine.wav") == (other, ""))
    os.mkdir(p.file("slt"))
    p.check("L02 a folder here", named(p, folder, "slt") == (slt, ""))
    os.rmdir(p.file("slt"))
    for i in range(30):
        put(os.path.join(folder, f"v{i:02}.wav"), b"")
    got = named(p, folder, "nobody at all")
    p.check("L02 many", "Zoë, dr.who, slt, v00" in got[1] and got[1].endswith("v08 and 21 more"), got[1])


# ---- while it runs ----

def check_cut_short(p):
    """A model's file that shrinks while it is read: one line, and nothing left."""
    def fresh():
        shutil.rmtree(p.file("shrinking"), ignore_errors=True)
        os.makedirs(p.file("shrinking"))
        for file in FILES:
            put(p.file(f"shrinking/{file}"), read(tiny(p, file)))

    def left():
        return [n for n in os.listdir(p.folder) if n.startswith("shrunk")]

    slow = ["say", "Hello.", "-m", "shrinking", "--precision", "f32", "--sequence-length", 320, "--num-steps", 1000]
    for args in ([*slow, "-o", "shrunk.wav"], [*slow, "--latent-out", "shrunk.latents", "--threads", 1],
                 ["bench", "-m", "shrinking", "--precision", "f32", "--sequence-length", 320, "-s", 1000, "--voices", 0]):
        fresh()
        run = terminal.OnTerminal(p, *args)
        run.read(until=rb"steps")
        os.truncate(p.file("shrinking/echo.safetensors"), 4096)
        code = run.finish()
        p.check(f"cut short: {args[0]}", code == FAILED and
                re.search(rb"^echotts: \S*shrinking/echo\.safetensors: this file was cut short", run.lines()[-1]),
                f"exit {code}, {run.seen[-400:]}")
        p.check(f"cut short: {args[0]} left nothing", not left(), left())
    outcomes, pick = set(), random.Random(3)
    for i in range(24):
        fresh()
        process = subprocess.Popen(p.command(["pack", "-m", "shrinking", "-o", "shrunk.echo"]), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, cwd=p.folder, env=p.env)
        time.sleep(i * 0.001)
        os.truncate(p.file(f"shrinking/{pick.choice(FILES)}"), pick.choice((0, 8000, 40000)))
        _, stderr = process.communicate(timeout=TIMEOUT_S)
        outcomes.add(process.returncode)
        good = left() == ["shrunk.echo"] if process.returncode == 0 else process.returncode == FAILED and \
            is_one_line(stderr) and not left()
        p.check(f"cut short: pack after {i} ms", good, f"exit {process.returncode}, {text(stderr)}, {left()}")
        for name in left():
            os.remove(p.file(name))
    p.check("cut short: pack, at all", FAILED in outcomes, outcomes)
    fresh()
    process = subprocess.Popen(p.command([*slow, "-o", "shrunk.wav"]), stderr=subprocess.PIPE, cwd=p.folder, env=p.env)
    time.sleep(0.3)
    process.send_signal(signal.SIGBUS)
    process.communicate(timeout=TIMEOUT_S)
    p.check("another SIGBUS", process.returncode == -signal.SIGBUS, process.returncode)
    for name in left():  # nobody can clean up behind a death like this
        os.remove(p.file(name))


def check_opening(p):
    """What is seen of loading; and that info loads nothing."""
    for args, pattern in ((["pack", "-m", p.model("tiny"), "--precision", "int8", "-o", "shown.echo"], rb"packing \[.*%"),
                          (["say", "Hi.", "-m", p.model("tiny"), "--precision", "int8", "-s", 1, "--sequence-length", 4, "--no-trim",
                            "-o", "shown.wav"], rb"loading the model")):
        run = terminal.OnTerminal(p, *args)
        code = run.finish()
        p.check(f"progress of {args[0]}", code == 0 and re.search(pattern, run.seen), run.seen[:200])
        p.good(f"{args[0]} is silent on pipes", *args)
    # A number that loading would stop at, and --check finds.
    echo = tensors(tiny(p, FILES[0]))
    kind, shape, data = echo["out_norm.weight"]
    folder = with_echo(p, "unsound", {**echo, "out_norm.weight": (kind, shape, b"\xc0\x7f" + data[2:])})
    p.check("info reads headers", info(p, folder).get("layers") == info(p, p.model("tiny")).get("layers"))
    done = p.run("info", "-m", folder, "--check")
    p.check("info --check reads all", done.returncode == FAILED and is_one_line(done.stderr, "'out_norm.weight'.*not finite"),
            done.stderr)
    same = info(p, p.model("tiny"))
    done = p.good("info --check", "info", "-m", p.model("tiny"), "--check", "--json")
    full = json.loads(done.stdout)["model"] if done else {}
    measured = {"load_s": 0, "precision_reason": ""}
    p.check("described as if loaded", {**same, **measured} == {**full, **measured}, f"{same} {full}")


def check(p):
    check_incomplete(p)
    check_snapshots(p)
    check_variables(p)
    check_names_of_models(p)
    check_prefixes(p)
    check_wrong_files(p)
    check_shards(p)
    check_packed_voices(p)
    check_voice_names(p)
    check_cut_short(p)
    check_opening(p)
