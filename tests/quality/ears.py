# SPDX-License-Identifier: MIT
"""The recogniser: pocketsphinx, which knows either the possible sentences or only the possible words."""
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
HMM = "/usr/share/pocketsphinx/model/en-us/en-us"
DICT = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict"
MODES = ("grammar", "words")
# The default beams lose the right sentence so often that a change in the last bit of a synthetic voice changes what
# is heard.  These cost 0.1 s more a sentence in the grammar, 0.4 s in the loop of words.
BEAMS = {"-beam": 1e-120, "-pbeam": 1e-120, "-wbeam": 1e-100, "-lpbeam": 1e-100, "-lponlybeam": 1e-100}


def missing():
    """The apt packages to install, so that a missing tool is one readable line and no traceback."""
    packages = []
    try:
        import pocketsphinx    # noqa: F401
    except ImportError:
        packages.append("python3-pocketsphinx")
    if not (os.path.isdir(HMM) and os.path.isfile(DICT)):
        packages.append("pocketsphinx-en-us")
    if not shutil.which("sox"):
        packages.append("sox")
    return packages


def hear(path, mode="grammar"):
    """The words in a WAV file.

    A new decoder for each file: a used one keeps what it learned of the last speaker's level and channel,
    and one different sentence would then change what is heard in the next.
    """
    from pocketsphinx import pocketsphinx
    raw = subprocess.run(["sox", "-R", path, *"-r 16000 -b 16 -c 1 -e signed -t raw -".split(),
                          *"pad 0.3 0.3 norm -3".split()], check=True, stdout=subprocess.PIPE).stdout
    config = pocketsphinx.Decoder.default_config()
    for key, value in (("-hmm", HMM), ("-dict", DICT), ("-jsgf", os.path.join(HERE, mode + ".jsgf")),
                       ("-logfn", os.devnull)):
        config.set_string(key, value)
    for key, value in BEAMS.items():
        config.set_float(key, value)
    decoder = pocketsphinx.Decoder(config)
    decoder.start_utt()
    decoder.process_raw(raw, False, True)
    decoder.end_utt()
    best = decoder.hyp()
    return best.hypstr.split() if best else []
