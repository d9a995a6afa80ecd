# SPDX-License-Identifier: MIT
"""Checkpoints as trainers save them: PyTorch's files, shards with an index, and `convert`."""
import array
import json
import os
import shutil
import struct
import zipfile

from harness import is_one_line, read, text
from models import FILES, split
from report_models import (cache, folder_with, info, link, put, refused, save, say, sound, tensors,
                           tiny, with_echo)

FAILED, USAGE = 1, 2
STORAGES = {"F32": ("Float", 4), "BF16": ("BFloat16", 2), "F16": ("Half", 2), "BOOL": ("Bool", 1), "I64": ("Long", 8)}


# ---- making files ----

def unicode_of(string):
    data = string.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def integers(numbers):
    return b"(" + b"".join(b"J" + struct.pack("<i", n) for n in numbers) + b"t"


def pickled_tensor(key, dtype, shape, strides):
    name, size = STORAGES[dtype]
    count = 1
    for n in shape:
        count *= n
    return (b"ctorch._utils\n_rebuild_tensor_v2\n((" + unicode_of("storage") + f"ctorch\n{name}Storage\n".encode() +
            unicode_of(key) + unicode_of("cpu") + b"J" + struct.pack("<i", count) + b"tQK\0" + integers(shape) +
            integers(strides) + b"\x89ccollections\nOrderedDict\n)RtR"), count * size


def pickled(arrays, stores, prefix="", turned=False):
    """A dict of tensors; what they hold is added to stores.  turned: small matrices lie column by column."""
    out = b"}("
    for name, (dtype, shape, data) in arrays.items():
        strides, step = [], 1
        for n in reversed(shape):
            strides.insert(0, step)
            step *= n
        if turned and len(shape) == 2 and len(data) < 20000:
            size, (rows, columns) = STORAGES[dtype][1], shape
            strides = [1, rows]
            data = b"".join(data[(r * columns + c) * size:][:size] for c in range(columns) for r in range(rows))
        key = str(len(stores))
        out += unicode_of(prefix + name) + pickled_tensor(key, dtype, shape, strides)[0]
        stores.append(data)
    return out + b"u"


def write_torch(path, pickle, stores, compression=zipfile.ZIP_STORED):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as z:
        z.writestr("saved/data.pkl", b"\x80\x02" + pickle + b".")
        z.writestr("saved/byteorder", "little")
        for i, data in enumerate(stores):
            z.writestr(f"saved/data/{i}", data)
        z.writestr("saved/version", "3\n")


def save_torch(path, arrays, under=None, more=b"", **how):
    stores = []
    pickle = pickled(arrays, stores, **how)
    if under:
        pickle = b"}(" + unicode_of(under) + pickle + more + b"u"
    write_torch(path, pickle, stores)
    return path


def with_torch(p, name, files):
    """A folder with tiny's codec, and PyTorch files of these names."""
    folder = folder_with(p, name, "echo")
    for file, (arrays, how) in files.items():
        save_torch(os.path.join(folder, file), arrays, **how)
    return folder


# ---- speaking ----

def check_speech(p):
    """A PyTorch file speaks bit for bit as safetensors of the same tensors."""
    echo, want = tensors(tiny(p, FILES[0])), sound(p, p.model("tiny"))
    small = {n: a for n, a in echo.items() if "latent" not in n}
    adam = {"exp_avg": ("F32", [2], bytes(8)), "step": ("F32", [], bytes(4))}
    training = unicode_of("step") + b"K\7" + unicode_of("optimizer") + pickled(adam, [b""] * 190)
    ways = [
        ("bare", dict()), ("compiled", dict(prefix="_orig_mod.")), ("turned", dict(turned=True)),
        ("model", dict(under="model", prefix="module.")), ("state_dict", dict(under="state_dict", turned=True)),
        ("with an optimizer", dict(under="model", more=training)),
    ]
    for name, how in ways:
        folder = with_torch(p, "torch", {"echo.pt": (echo, how)})
        for model in (folder, os.path.join(folder, "echo.pt")):
            got = sound(p, model)
            p.check(f"{name}: {os.path.basename(model)}", got == want, got[:300])
    folder = with_torch(p, "torch", {"step1000.pt": (small, dict(under="model"))})
    for model in (folder, os.path.join(folder, "step1000.pt")):
        got = sound(p, model)
        p.check(f"without blocks: {os.path.basename(model)}", got == want, got[:300])
    p.check("info names it", info(p, folder).get("echo_file", "").endswith("/step1000.pt"), info(p, folder))
    save_torch(os.path.join(folder, "step2000.pt"), small)
    refused(p, "two of them", folder, "of 2 files \\*.pt one must be named")
    p.check("one of two", sound(p, os.path.join(folder, "step2000.pt")) == want)
    stores = []
    both = (b"}(" + unicode_of("ema") + pickled(adam, stores) + unicode_of("model") + pickled(small, stores) + b"u")
    write_torch(os.path.join(folder, "step2000.pt"), both, stores)
    done = say(p, os.path.join(folder, "step2000.pt"))
    p.check("model before ema", done.returncode == 0 and read(p.file("out.wav")) == want and
            is_one_line(done.stderr, "warning: .*under 'model', not under 'ema'"), text(done.stderr))


def check_codecs(p):
    """The codec of a transformer alone."""
    echo, want = tensors(tiny(p, FILES[0])), sound(p, p.model("tiny"))
    alone = save_torch(p.file("alone/tuned.pt"), echo)
    save(p.file("alone/tuned.safetensors"), echo)
    shutil.copy(alone, p.file("alone/tuned.bin"))
    refused(p, "no codec", alone, "speech model alone.*no codec.*dac.safetensors")
    refused(p, "no codec, a folder", p.file("alone"), "no codec")
    refused(p, "no codec, safetensors", p.file("alone/tuned.safetensors"), "not a packed model")
    data = p.file("installed/echotts/base")
    for file in FILES:
        link(os.path.join(data, file), tiny(p, file))
    places = [("named", dict(ECHOTTS_MODEL=p.model("tiny")), p.model("tiny")),
              ("cached", dict(HF_HOME=cache(p, "codec's cache")), "fish-s1-dac-min"),
              ("installed", dict(XDG_DATA_HOME=p.file("installed")), data)]
    for name, variables, where in places:
        for file in ("tuned.pt", "tuned.safetensors", "tuned.bin", ""):
            done = say(p, os.path.join(p.file("alone"), file), env=dict(p.env, **variables))
            p.check(f"codec {name}: {file}", done.returncode == 0 and read(p.file("out.wav")) == want and
                    is_one_line(done.stderr, f"warning: .*tuned.*no codec beside it: .*{where}.* are used"), text(done.stderr))
    for file in FILES[1:]:
        link(os.path.join(p.file("alone"), file), tiny(p, file))
    for file in ("tuned.pt", "tuned.safetensors", ""):
        got = sound(p, os.path.join(p.file("alone"), file))
        p.check(f"codec beside it: {file}", got == want, got[:300])
    p.good("packed", "pack", "-m", p.model("tiny"), "--precision", "bf16", "-o", "alone/packed.safetensors")
    p.check("a packed file of that name", info(p, p.file("alone/packed.safetensors")).get("packed") is True)
    dac = folder_with(p, "codec.pt", "dac", "pca")
    save_torch(os.path.join(dac, "dac.pt"), tensors(tiny(p, FILES[1])), under="generator")
    save_torch(os.path.join(dac, "pca.pt"), tensors(tiny(p, FILES[2])))
    p.check("codec by PyTorch", sound(p, dac) == want, sound(p, dac)[:300])


def check_hostile(p):
    """Nothing is executed, and one line says why not."""
    echo, mark = tensors(tiny(p, FILES[0])), p.file("executed")
    stores = []
    good = pickled(echo, stores)
    name = os.path.join(folder_with(p, "hostile", "echo"), "echo.pt")
    attacks = [
        ("os.system", b"cos\nsystem\n" + unicode_of(f"touch {mark}") + b"\x85R0" + good, stores, "wants to call os.system"),
        ("eval", b"cbuiltins\neval\n" + unicode_of("1") + b"\x85R", [], "builtins.eval"),
        ("a module", b"c__main__\nModel\n)\x81}b", [], "__main__.Model.*state_dict"),
        ("numbers cut", good, [s[:-1] for s in stores], "tensor '.*should have"),
        ("numbers missing", good, stores[:-1], "tensor '.*missing"),
        ("deep", b"(" * 5000, [], "nested more than"),
        ("huge", b"X\xff\xff\xff\xff", [], "too large"),
    ]
    for case, pickle, numbers, pattern in attacks:
        write_torch(name, pickle, numbers)
        refused(p, f"hostile {case}", name, f"echo.pt: .*{pattern}")
        out = p.run("convert", name, "-o", "o.safetensors")
        p.check(f"hostile {case}: convert", out.returncode == FAILED and is_one_line(out.stderr, pattern) and
                not os.path.exists(p.file("o.safetensors")), text(out.stderr))
    p.check("nothing was executed", not os.path.exists(mark))
    write_torch(name, good, stores, zipfile.ZIP_DEFLATED)
    refused(p, "compressed", name, "compressed")
    for case, data, pattern in (("old", b"\x80\2\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\2M\xe9\3.", "old PyTorch file.*torch.save"),
                                ("tar", bytes(257) + b"ustar" + bytes(300), "tar archive.*torch.save"),
                                ("cut", read(name)[:-30], "truncated")):
        put(name, data)
        refused(p, case, name, pattern)


# ---- shards ----

def check_index(p):
    """Three shards with an index: one that lies belongs to other files."""
    echo, want = tensors(tiny(p, FILES[0])), sound(p, p.model("tiny"))
    folder, names = folder_with(p, "indexed", "echo"), list(echo)
    files = [f"echo-{i:05}-of-00003.safetensors" for i in (1, 2, 3)]
    for i, file in enumerate(files):
        save(os.path.join(folder, file), {n: echo[n] for n in names[i::3]})
    right = {n: files[i % 3] for i, n in enumerate(names)}
    index = os.path.join(folder, "echo.safetensors.index.json")
    cases = [("right", {"metadata": {}, "weight_map": right}, None), ("empty", {}, None),
             ("outside", {"weight_map": {**right, names[0]: "../../secret"}}, "'../../secret', which is not one of the 3"),
             ("another file", {"weight_map": {**right, names[0]: "x.safetensors"}}, "'x.safetensors', which is not one"),
             ("a number", {"weight_map": {names[0]: 7}}, "which is not one"),
             ("elsewhere", {"weight_map": {**right, names[0]: files[1]}}, "00002-of-00003.safetensors, where it is not"),
             ("no such tensor", {"weight_map": {**right, "blocks.99": files[0]}}, "'blocks.99' .*where it is not")]
    for case, what, pattern in cases:
        put(index, json.dumps(what).encode())
        if pattern:
            refused(p, f"index {case}", folder, f"index.json: .*{pattern}")
        else:
            got = sound(p, folder)
            p.check(f"index {case}", got == want, got[:300])
    put(index, json.dumps(cases[0][1]).encode())
    done = p.good("shards converted", "convert", os.path.join(folder, files[1]), "-o", "joined.safetensors")
    p.check("shards converted", done and tensors(p.file("joined.safetensors")) == echo)
    os.remove(os.path.join(folder, files[1]))
    refused(p, "two of three", folder, "echo-00002-of-00003.safetensors is missing")


# ---- convert ----

def as_floats(arrays, code):
    """Tensors of bfloat16 in another type."""
    wide = {n: array.array("f", array.array("I", (x << 16 for x in array.array("H", d))).tobytes()) for n, (_, _, d) in
            arrays.items()}
    pack = {"F32": lambda w: w.tobytes(), "F16": lambda w: struct.pack(f"<{len(w)}e", *w)}[code]
    return {n: (code, arrays[n][1], pack(w)) for n, w in wide.items()}


def check_convert(p):
    echo, dac, out = tensors(tiny(p, FILES[0])), tensors(tiny(p, FILES[1])), p.file("converted.safetensors")
    single, half = as_floats(echo, "F32"), as_floats(echo, "F16")

    def converted(name, path, want, *args):
        done = p.good(name, "convert", path, "-o", out, *args)
        p.check(name, done and tensors(out) == want, done)
        return done
    for name, how in (("bare", dict()), ("trained", dict(under="model", prefix="module._orig_mod.")), ("turned", dict(turned=True))):
        converted(f"convert {name}", save_torch(p.file("in.pt"), echo, **how), echo)
        p.check(f"convert {name}: in the order of the file", list(tensors(out)) == list(echo))
    p.check("convert: for other programs", split(out)[0].get("__metadata__") == {"format": "pt"})
    model = folder_with(p, "converted", "echo")
    shutil.copy(out, os.path.join(model, "echo.safetensors"))
    p.check("convert: speaks the same", sound(p, model) == sound(p, p.model("tiny")))
    for dtype, want in (("keep", echo), ("f32", single), ("f16", half), ("bf16", echo)):
        converted(f"convert to {dtype}", tiny(p, FILES[0]), want, "--dtype", dtype)
    converted("convert from f32", save_torch(p.file("in.pt"), single), echo, "--dtype", "bf16")
    converted("convert a codec", tiny(p, FILES[1]), dac)
    name = "blocks.0.attention.wq.weight"
    _, shape, data = single[name]

    def with_first(value):
        return {**single, name: ("F32", shape, struct.pack("<f", value) + data[4:])}
    for value, bits in ((1 + 2 ** -8, 0x3f80), (1 + 3 * 2 ** -8, 0x3f82), (1 + 2 ** -8 + 2 ** -20, 0x3f81), (-0.0, 0x8000)):
        p.good("rounding", "convert", save_torch(p.file("in.pt"), with_first(value)), "-o", out, "--dtype", "bf16")
        p.check(f"rounding {value}", struct.unpack("<H", tensors(out)[name][2][:2])[0] == bits)
    extra = {**{"module." + n: a for n, a in echo.items()}, "optimizer.m": ("F32", [2], bytes(8)), "lr": ("F64", [], bytes(8))}
    save(p.file("in.safetensors"), extra)
    done = p.run("convert", p.file("in.safetensors"), "-o", out)
    p.check("convert: left out", done.returncode == 0 and tensors(out) == echo and
            is_one_line(done.stderr, "warning: .*2 tensors are left out.*'lr'"), text(done.stderr))
    os.remove(out)
    missing = {n: a for n, a in echo.items() if n != name}
    files = {"nan": with_first(float("nan")), "infinite": with_first(float("inf")), "large": with_first(1e30),
             "vast": with_first(3.4e38), "missing": missing, "other": {"a": echo[name]},
             "adapter": {f"{name}.lora_A": echo[name]}}
    wrong = [
        (["nan.pt"], FAILED, f"'{name}' has a number that is not finite \\(number 0\\)"),
        (["infinite.pt", "--dtype", "f32"], FAILED, "not finite"), (["large.pt", "--dtype", "f16"], FAILED, "too large for F16"),
        (["vast.pt", "--dtype", "bf16"], FAILED, "too large for BF16"), (["missing.pt"], FAILED, f"'{name}' is missing"),
        (["other.pt"], FAILED, "neither the tensors of the speech model nor"), (["adapter.pt"], FAILED, "LoRA"),
        ([tiny(p, FILES[2])], FAILED, "neither"), ([tiny(p, "voice.wav")], FAILED, "WAV"), (["/nowhere.pt"], FAILED, "No such file"),
        ([p.model("tiny")], USAGE, "is a directory: name the file"), ([tiny(p, FILES[0]), "--dtype", "f8"], USAGE, "f8.*keep, f32"),
        ([], USAGE, "nothing to convert"),
    ]
    for file, arrays in files.items():
        save_torch(p.file(f"{file}.pt"), arrays)
    for args, code, pattern in wrong:
        done = p.run("convert", *args, "-o", out)
        p.check(f"convert {args}", done.returncode == code and is_one_line(done.stderr, pattern) and not os.path.exists(out),
                f"{done.returncode} {text(done.stderr)}")
    p.good("packed", "pack", "-m", p.model("tiny"), "--precision", "bf16", "-o", "packed.echo")
    before = read(p.file("large.pt"))
    for args, code, pattern in (([tiny(p, FILES[0])], USAGE, "nowhere to write"), (["packed.echo", "-o", out], USAGE, "packed model"),
                                (["large.pt", "-o", "-"], USAGE, "standard output"),
                                (["large.pt", "-o", "large.pt"], USAGE, "replace what is read"),
                                (["large.pt", "-o", "nowhere/o.safetensors"], FAILED, "nowhere")):
        done = p.run("convert", *args)
        p.check(f"convert {args}", done.returncode == code and is_one_line(done.stderr, pattern), f"{done.returncode} {text(done.stderr)}")
    p.check("convert: what is read stays", read(p.file("large.pt")) == before)


def check(p):
    check_speech(p)
    check_codecs(p)
    check_hostile(p)
    check_index(p)
    check_convert(p)
