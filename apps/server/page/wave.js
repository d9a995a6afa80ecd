// SPDX-License-Identifier: MIT
// wave.js - the picture of a sound: its waveform and its spectrogram up to 22 kHz, as it grows.
//
// Its memory has a bound: when all columns are full, two become one.

import { Fft } from "./fft.js";

const WINDOW = 1024;
const HOP = 512; // samples from one spectrum to the next
const COLUMNS = 2048;
const BINS = WINDOW / 2;
const QUIET_DB = -95, LOUD_DB = -25; // of a line of the spectrum: from no colour to full colour
const FRAME_MS = 6; // of work in one frame of the screen

/** Low and high of the wave, and levels of the spectrum, in columns of `hop` samples. */
class Columns {
    constructor() {
        this.hop = HOP;
        this.n = 0;
        this.part = 0; // spectra in the column that is being made
        this.low = new Float32Array(COLUMNS);
        this.high = new Float32Array(COLUMNS);
        this.levels = new Uint8Array(COLUMNS * BINS);
    }

    /** True: two columns became one. */
    add(low, high, levels) {
        let halved = false;
        if (!this.part) {
            halved = this.n === COLUMNS;
            if (halved)
                this.#halve();
            this.low[this.n] = this.high[this.n] = 0;
            this.levels.fill(0, this.n * BINS, (this.n + 1) * BINS);
            this.n++;
        }
        const at = this.n - 1;
        this.low[at] = Math.min(this.low[at], low);
        this.high[at] = Math.max(this.high[at], high);
        this.#raise(at * BINS, levels);
        this.part = (this.part + 1) % (this.hop / HOP);
        return halved;
    }

    #raise(to, levels) {
        for (let i = 0; i < BINS; i++)
            if (levels[i] > this.levels[to + i])
                this.levels[to + i] = levels[i];
    }

    #halve() {
        for (let i = 0; i < COLUMNS / 2; i++) {
            this.low[i] = Math.min(this.low[2 * i], this.low[2 * i + 1]);
            this.high[i] = Math.max(this.high[2 * i], this.high[2 * i + 1]);
            this.levels.copyWithin(i * BINS, 2 * i * BINS, (2 * i + 1) * BINS);
            this.#raise(i * BINS, this.levels.subarray((2 * i + 1) * BINS, (2 * i + 2) * BINS));
        }
        this.n = COLUMNS / 2;
        this.hop *= 2;
    }
}

/** 256 colours of the page's theme, from no sound to loud, as bytes of RGB. */
function palette(element) {
    const style = getComputedStyle(element);
    const stops = [0, 1, 2, 3].map((i) => style.getPropertyValue(`--heat-${i}`).trim())
        .map((hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16)));
    const out = new Uint8Array(256 * 3);
    for (let i = 0; i < 256; i++) {
        const at = i / 255 * (stops.length - 1);
        const low = Math.min(Math.floor(at), stops.length - 2);
        for (let k = 0; k < 3; k++)
            out[3 * i + k] = stops[low][k] + (stops[low + 1][k] - stops[low][k]) * (at - low);
    }
    return out;
}

export class Wave {
    constructor(waveform, spectrogram) {
        this.waveform = waveform;
        this.spectrogram = spectrogram;
        this.fft = new Fft(WINDOW);
        this.window = new Float32Array(WINDOW);
        this.powers = new Float32Array(BINS);
        this.levels = new Uint8Array(BINS);
        this.picture = document.createElement("canvas");
        this.picture.width = COLUMNS;
        this.picture.height = BINS;
        this.ink = this.picture.getContext("2d");
        this.colours = palette(document.documentElement);
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
            this.colours = palette(document.documentElement);
            this.#paint(0);
            this.#ask();
        });
        new ResizeObserver(() => this.#ask()).observe(waveform);
        this.show(null, 0);
    }

    /** Draw this sound from now on; it may be `expected` seconds long in the end. */
    show(sound, expected) {
        this.sound = sound;
        this.expected = expected;
        this.columns = new Columns();
        this.done = 0; // samples that are in the columns
        this.ink.clearRect(0, 0, COLUMNS, BINS);
        this.#ask();
    }

    /** There is more sound, or it is complete. */
    grow() {
        this.#ask();
    }

    /** Seconds that the whole width stands for. */
    get span() {
        if (!this.sound)
            return 1;
        if (this.sound.complete)
            return Math.max(this.sound.seconds, 0.1);
        if (this.sound.seconds > this.expected)
            this.expected = this.sound.seconds * 1.25;
        return Math.max(this.expected, 1);
    }

    #ask() {
        this.asked ??= requestAnimationFrame(() => {
            this.asked = null;
            this.#work();
            this.#draw();
        });
    }

    #work() {
        const until = performance.now() + FRAME_MS;
        const first = Math.max(0, this.columns.n - 1);
        let all = false;
        while (this.sound && this.#hasMore()) {
            if (performance.now() > until) {
                this.#ask();
                break;
            }
            all = this.#analyse() || all;
        }
        this.#paint(all ? 0 : first);
    }

    #hasMore() {
        const left = this.sound.length - this.done;
        return left >= WINDOW || (this.sound.complete && left > 0);
    }

    #analyse() {
        const n = Math.min(WINDOW, this.sound.length - this.done);
        let low = 0, high = 0;
        this.window.fill(0, n);
        this.sound.read(this.done, this.window.subarray(0, n));
        for (let i = 0; i < Math.min(HOP, n); i++) {
            low = Math.min(low, this.window[i]);
            high = Math.max(high, this.window[i]);
        }
        this.fft.powers(this.window, this.powers);
        for (let i = 0; i < BINS; i++) {
            const db = 10 * Math.log10(this.powers[i] + 1e-12);
            const share = (db - QUIET_DB) / (LOUD_DB - QUIET_DB);
            this.levels[i] = 255 * Math.max(0, Math.min(1, share));
        }
        this.done += Math.min(HOP, n);
        return this.columns.add(low, high, this.levels);
    }

    /** Columns from `first` on into the picture. */
    #paint(first) {
        const { columns, colours } = this;
        const width = columns.n - first;
        if (width <= 0)
            return;
        const image = this.ink.createImageData(width, BINS);
        for (let x = 0; x < width; x++)
            for (let y = 0; y < BINS; y++) {
                const level = columns.levels[(first + x) * BINS + BINS - 1 - y];
                const to = 4 * (y * width + x);
                image.data[to] = colours[3 * level];
                image.data[to + 1] = colours[3 * level + 1];
                image.data[to + 2] = colours[3 * level + 2];
                image.data[to + 3] = 255;
            }
        this.ink.putImageData(image, first, 0);
    }

    #draw() {
        const span = this.span * (this.sound?.rate ?? 1);
        const share = Math.min(1, this.columns.n * this.columns.hop / span);
        this.#drawWave(fit(this.waveform), share);
        this.#drawSpectrum(fit(this.spectrogram), share);
    }

    #drawWave(canvas, share) {
        const ink = canvas.getContext("2d");
        const { low, high, n } = this.columns;
        const middle = canvas.height / 2, width = Math.max(1, Math.round(canvas.width * share));
        ink.clearRect(0, 0, canvas.width, canvas.height);
        ink.fillStyle = getComputedStyle(canvas).color;
        ink.fillRect(0, middle, canvas.width, 1);
        if (!n)
            return;
        for (let x = 0; x < width; x++) {
            const from = Math.floor(x * n / width);
            const to = Math.max(from + 1, Math.floor((x + 1) * n / width));
            let top = 0, bottom = 0;
            for (let i = from; i < to && i < n; i++) {
                top = Math.max(top, high[i]);
                bottom = Math.min(bottom, low[i]);
            }
            ink.fillRect(x, middle - top * middle, 1, Math.max(1, (top - bottom) * middle));
        }
    }

    #drawSpectrum(canvas, share) {
        const ink = canvas.getContext("2d");
        const { n } = this.columns;
        ink.clearRect(0, 0, canvas.width, canvas.height);
        ink.imageSmoothingQuality = "high";
        if (n)
            ink.drawImage(this.picture, 0, 0, n, BINS,
                0, 0, canvas.width * share, canvas.height);
    }
}

/** As many pixels as the screen has there. */
function fit(canvas) {
    const scale = Math.min(2, devicePixelRatio || 1);
    const width = Math.max(1, Math.round(canvas.clientWidth * scale));
    const height = Math.max(1, Math.round(canvas.clientHeight * scale));
    if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
    }
    return canvas;
}
