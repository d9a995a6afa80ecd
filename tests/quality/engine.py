# SPDX-License-Identifier: MIT
"""The program under test, with a model."""
import json
import os
import subprocess

os.environ["ECHOTTS_CONFIG"] = "none"    # no settings of the user are judged


class Trouble(Exception):
    """What stops the judge, in one line."""


class Engine:
    def __init__(self, program, model, threads=0):
        self.program, self.model, self.threads = os.path.abspath(program), model, threads
        if not os.access(self.program, os.X_OK) or os.path.isdir(self.program):
            raise Trouble(f"{program}: no such program (build it with make)")
        if not os.path.isdir(model):
            raise Trouble(f"{model}: no such model directory")

    def run(self, *arguments):
        """What the program reports."""
        command = [self.program, *arguments, "-m", self.model, "--json"]
        command += ["-t", str(self.threads)] if self.threads else []
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, errors="replace", check=False)
        except OSError as e:
            raise Trouble(f"cannot run {self.program}: {e.strerror}") from e
        if done.returncode:
            raise Trouble((done.stderr.strip().splitlines() or [f"{arguments[0]}: exit {done.returncode}"])[-1])
        try:
            return json.loads(done.stdout)
        except ValueError as e:
            raise Trouble(f"{self.program} {arguments[0]}: no report, so this is not the program meant") from e

    def clip(self, voice):
        path = os.path.join(self.model, voice + ".wav")
        if not os.path.isfile(path):
            raise Trouble(f"{path}: the clip of the voice is missing")
        return path

    def say(self, row, path, *options):
        window = ["--sequence-length", str(row["window"])] if "window" in row else []
        # the text as it stands: what is judged is the model, not how numbers are read
        return self.run("say", row["text"], "--clean", "off", "-v", self.clip(row["voice"]), "--rng-seed", row["seed"],
                        "-o", path, *window, *options)

    def through_codec(self, sound, path, zeros=0):
        """A recording to latents, through the codebooks, and back; with frames of zeros put behind."""
        latents = path + ".safetensors"
        self.run("encode", sound, "-o", latents, "--all-frames")
        if zeros:
            write_latents(latents, read_latents(latents), zeros, self.latent_size())
        self.decode(latents, path)

    def decode_zeros(self, frames, path):
        """The sound of latents that are all zero, as they are after the end of speech."""
        latents = path + ".safetensors"
        write_latents(latents, b"", frames, self.latent_size())
        self.decode(latents, path)

    def decode(self, latents, path):
        self.run("decode", latents, "-o", path)
        os.remove(latents)

    def latent_size(self):
        return self.run("info")["model"]["latent_size"]


def read_latents(path):
    """The numbers' bytes: all that is in the file."""
    with open(path, "rb") as f:
        f.seek(int.from_bytes(f.read(8), "little"), os.SEEK_CUR)
        return f.read()


def write_latents(path, data, zeros, size):
    data += bytes(zeros * size * 4)
    shape = [1, len(data) // 4 // size, size]
    header = json.dumps({"latent": {"dtype": "F32", "shape": shape, "data_offsets": [0, len(data)]}}).encode()
    with open(path, "wb") as f:
        f.write(len(header).to_bytes(8, "little") + header + data)
