# SPDX-License-Identifier: MIT
"""A web page over Gradio: pip install gradio, then python gradio_app.py.

speak() and stream() are ordinary functions; any other front end can call them.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import echotts

Played = tuple[int, NDArray[np.int16]]  # as gradio.Audio takes it


@cache
def model() -> echotts.Model:
    """Opened at the first use; requests that come at once share it."""
    return echotts.Model()


def _played(sound: NDArray[np.float32]) -> Played:
    scaled = np.round(np.clip(sound, -1, 1) * 32767)
    return echotts.SAMPLE_RATE, scaled.astype(np.int16)


def _voice(name: str | None, clip: str | None) -> str | Path | None:
    """A clip that was uploaded comes before a name."""
    return Path(clip) if clip else name or None


def speak(
    text: str, voice: str | None, clip: str | None, preset: str, seed: float
) -> Played:
    """The whole speech.  Numbers of Gradio are floats."""
    sound = model().say(text, _voice(voice, clip), preset=preset, seed=int(seed))
    return _played(sound)


def stream(
    text: str, voice: str | None, clip: str | None, preset: str, seed: float
) -> Iterator[Played]:
    """The same, block by block; whoever stops reading stops the work."""
    with model().stream(text, _voice(voice, clip), preset=preset, seed=int(seed)) as blocks:
        for block in blocks:
            yield _played(block)


def main() -> None:
    import gradio as gr  # type: ignore[import-not-found,unused-ignore]

    def told(error: echotts.EchoError) -> Exception:
        return gr.Error(str(error))  # type: ignore[no-any-return,unused-ignore]

    def on_click(*values: str) -> Iterator[Played]:
        try:
            yield from stream(*values)  # type: ignore[arg-type]
        except echotts.EchoError as error:
            raise told(error) from error

    presets = [preset.name for preset in echotts.presets()]
    names = model().voices
    with gr.Blocks(title="echotts") as page:
        text = gr.Textbox("Good morning. Any English sentence will do.", lines=4, label="Text")
        with gr.Row():
            voice = gr.Dropdown(names, value=names[0] if names else None, label="Voice")
            clip = gr.Audio(type="filepath", label="or a clip to clone")
            preset = gr.Dropdown(presets, value="balanced", label="Preset")
            seed = gr.Number(0, precision=0, label="Seed")
        button = gr.Button("Speak", variant="primary")
        sound = gr.Audio(streaming=True, autoplay=True, label="Speech")
        button.click(on_click, [text, voice, clip, preset, seed], sound)
    page.launch(server_name="127.0.0.1")


if __name__ == "__main__":
    main()
