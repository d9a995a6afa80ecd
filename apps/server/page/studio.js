// SPDX-License-Identifier: MIT
// studio.js - the part of the page that shows and plays one speech, finished or not.

import { announce, byId, clock, duration, save } from "./element.js";
import { Pieces } from "./pieces.js";
import { Player } from "./player.js";
import { ask } from "./server.js";
import { Wave } from "./wave.js";

const STEPS_S = {
    ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10,
};
const PLAY = "M7 4v16l13-8z", PAUSE = "M6 4h4v16H6zM14 4h4v16h-4z";

export class Studio {
    /** failed: called with what went wrong, and what would try it again */
    constructor(failed) {
        this.failed = failed;
        this.speech = null;
        this.player = new Player();
        this.wave = new Wave(byId("waveform"), byId("spectrogram"));
        this.pieces = new Pieces(byId("pieces"), (seconds) => this.player.seek(seconds));
        this.player.addEventListener("state", () => this.#draw());
        byId("play").addEventListener("click", () => this.toggle());
        byId("volume").addEventListener("input",
            (event) => this.player.setVolume(Number(event.target.value)));
        byId("download").addEventListener("click", () => this.download());
        byId("position").addEventListener("keydown", (event) => this.#steer(event));
        byId("position").addEventListener("pointerdown", (event) => this.#point(event));
        this.grown = () => this.#grown();
        this.changed = () => this.pieces.update();
        this.warned = () => this.#warnings();
        this.ended = () => this.#ended();
    }

    setFormats(formats) {
        const choices = formats.map((f) => new Option(`${f.title} (.${f.ending})`, f.name));
        this.formats = formats;
        byId("format").replaceChildren(...choices);
        byId("format").value = formats.some((f) => f.name === "mp3") ? "mp3" : formats[0]?.name;
    }

    /** Show this speech from now on.  expected: seconds that it may take; 0: not known */
    show(speech, expected) {
        this.#listen("removeEventListener");
        this.speech = speech;
        this.#listen("addEventListener");
        byId("result").hidden = false;
        this.player.load(speech.sound);
        this.wave.show(speech.sound, expected);
        this.pieces.show(speech);
        this.#warnings();
        this.#seed();
        this.#draw();
    }

    #listen(how) {
        if (!this.speech)
            return;
        this.speech[how]("sound", this.grown);
        this.speech[how]("pieces", this.changed);
        this.speech[how]("warning", this.warned);
        this.speech[how]("end", this.ended);
    }

    toggle() {
        if (this.player.playing)
            this.player.pause();
        else
            this.player.play();
    }

    #grown() {
        this.player.tick();
        this.wave.grow();
        if (!this.player.playing)
            this.#draw();
    }

    #ended() {
        this.#grown();
        this.pieces.update();
        this.#seed();
        this.#draw();
    }

    #seed() {
        const { seed } = this.speech;
        byId("used-seed").textContent = seed ? `Seed ${seed}` : "";
        byId("use-seed").hidden = !seed;
    }

    #warnings() {
        byId("warnings").replaceChildren(...this.speech.warnings.map((text) => {
            const item = document.createElement("li");
            item.textContent = text;
            return item;
        }));
    }

    // ---- the position ----

    #steer(event) {
        const { sound } = this.speech;
        const to = event.key === "Home" ? 0 : event.key === "End" ? sound.seconds
            : event.key in STEPS_S ? this.player.position + STEPS_S[event.key] : null;
        if (event.key === " " || event.key === "Enter")
            this.toggle();
        else if (to !== null)
            this.player.seek(to);
        else
            return;
        event.preventDefault();
    }

    #point(event) {
        const box = byId("position").getBoundingClientRect();
        const seek = ({ clientX }) =>
            this.player.seek((clientX - box.left) / box.width * this.wave.span);
        const slider = byId("position");
        slider.setPointerCapture(event.pointerId);
        slider.onpointermove = seek;
        slider.onpointerup = slider.onpointercancel = () => {
            slider.onpointermove = null;
        };
        seek(event);
    }

    #draw() {
        const { player } = this;
        const running = this.speech.state === "running";
        byId("play-icon").setAttribute("d", player.playing ? PAUSE : PLAY);
        byId("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
        byId("play").disabled = !this.speech.sound.length && !running;
        byId("download").disabled = running || !this.speech.sound.length;
        byId("player-state").textContent = player.waiting ? "waiting for more sound"
            : this.speech.state === "cancelled" ? "cancelled" : "";
        this.#move();
        if (player.playing)
            this.frame ??= requestAnimationFrame(() => {
                this.frame = null;
                this.#draw();
            });
    }

    #move() {
        const { position, atEnd, playing } = this.player;
        const { seconds } = this.speech.sound;
        const slider = byId("position");
        const text = `${clock(position)} of ${clock(seconds)}`;
        byId("head").style.left = `${Math.min(100, 100 * position / this.wave.span)}%`;
        if (slider.getAttribute("aria-valuetext") !== text) {
            slider.setAttribute("aria-valuemax", seconds.toFixed(1));
            slider.setAttribute("aria-valuenow", position.toFixed(1));
            slider.setAttribute("aria-valuetext", text);
        }
        byId("times").textContent = `${clock(position)} / ${duration(seconds)}`;
        this.pieces.at(playing || (position > 0 && !atEnd) ? position : -1);
    }

    // ---- files ----

    async download() {
        const name = byId("format").value;
        const { ending } = this.formats.find((f) => f.name === name);
        const wav = this.speech.sound.wav();
        const button = byId("download");
        const stem = fileName(this.speech.job);
        if (name === "wav") {
            save(wav, `${stem}.wav`);
            return;
        }
        button.disabled = true;
        button.textContent = "Converting…";
        try {
            const form = new FormData();
            form.append("file", wav, "speech.wav");
            form.append("response_format", name);
            if (name === "pcm")
                form.append("sample_rate", "44100");
            const answer = await ask("/v1/audio/convert", { form });
            save(await answer.blob(), `${stem}.${ending}`);
            announce("Downloaded");
        } catch (failure) {
            this.failed(failure, () => this.download());
        } finally {
            button.disabled = false;
            button.textContent = "Download";
        }
    }
}

/** The first words and the voice: "joe-the-train-to-berlin". */
function fileName({ text, voice }) {
    const words = `${voice ?? ""} ${text.slice(0, 60)}`.normalize("NFKC").toLowerCase()
        .match(/[\p{L}\p{N}]+/gu) ?? ["speech"];
    return words.slice(0, 6).join("-");
}
