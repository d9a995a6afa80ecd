# SPDX-License-Identifier: MIT
"""A tour in cells, for an editor or Jupyter that knows `# %%`; as a script it writes files."""

# %% Open the model; without a path, the best one that is installed
import numpy as np

import echotts

model = echotts.Model()
print(model.info.path, "on", model.info.device, "in", model.info.precision)
print("voices:", ", ".join(model.voices))

# %% Say something: an array of float32 at 44,100 Hz
hello = model.say("The train to Berlin leaves at 7:30.", "joe", seed=1)
print(f"{len(hello) / echotts.SAMPLE_RATE:.1f} s, peak {np.abs(hello).max():.2f}")

# %% Write it, in any format; in Jupyter, IPython.display.Audio(hello, rate=44100) plays it
echotts.save("hello.flac", hello, loudness=-16, tags={"title": "The train"})

# %% A long text: what it is cut to, then each piece as it was spoken
TEXT = """# The market
It was a cold day, and 5% of the people stayed at home.

The others bought apples, bread and cheese."""

for piece in model.pieces(TEXT):
    print(f"about {piece.expected_s:.1f} s: {piece.text}")

market = model.say(TEXT, "deep", preset="fast")
report = model.last
assert report is not None and report.stats is not None
for piece in report.pieces:
    print(f"{piece.begin_s:5.2f} to {piece.end_s:5.2f} s: {piece.text}")
print(f"made in {report.stats.total_s:.1f} s; warnings: {report.warnings or 'none'}")

# %% A dialogue
echotts.save("dialogue.mp3", model.say("Anna: Hello, Ben.\nBen: Hello, Anna. How are you?",
                                       cast={"Anna": "bright", "Ben": "deep"}))

# %% Sound while the rest is made, straight into a file: memory does not grow with the text
echotts.save("market.opus", model.stream(TEXT, "joe"))

# %% A voice of your own: an array, a file, or a name in a library
clip = echotts.load("hello.flac")
mine = model.voice((clip, echotts.SAMPLE_RATE))
echotts.save("mine.wav", model.say("Now it is my turn.", mine))

# %% The parameters, with the defaults of this model
for parameter in model.parameters():
    print(f"{parameter.name:24} {parameter.default!s:8} {parameter.help}")

# %%
model.close()
