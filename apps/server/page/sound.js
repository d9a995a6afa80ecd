// SPDX-License-Identifier: MIT
// sound.js - mono sound in 16 bits that may still grow, and the WAV file of it.

const BLOCK = 65536;
const HEADER = 44;

export class Sound {
    constructor(rate = 44100) {
        this.rate = rate;
        this.length = 0; // in samples
        this.complete = false; // no more will come
        this.blocks = [];
    }

    get seconds() {
        return this.length / this.rate;
    }

    append(samples) {
        for (let i = 0; i < samples.length;) {
            const at = this.length % BLOCK;
            if (!at)
                this.blocks.push(new Int16Array(BLOCK));
            const n = Math.min(BLOCK - at, samples.length - i);
            this.blocks.at(-1).set(samples.subarray(i, i + n), at);
            i += n;
            this.length += n;
        }
    }

    /** Copy samples from `from` on into `out`, as floats. */
    read(from, out) {
        for (let i = 0; i < out.length;) {
            const at = (from + i) % BLOCK;
            const block = this.blocks[Math.floor((from + i) / BLOCK)];
            const n = Math.min(BLOCK - at, out.length - i);
            for (let k = 0; k < n; k++)
                out[i + k] = block[at + k] / 32768;
            i += n;
        }
    }

    wav() {
        const bytes = this.length * 2;
        const last = this.length % BLOCK || BLOCK;
        const parts = [...this.blocks];
        if (parts.length)
            parts.push(parts.pop().subarray(0, last));
        return new Blob([header(this.rate, bytes), ...parts], { type: "audio/wav" });
    }
}

function header(rate, bytes) {
    const view = new DataView(new ArrayBuffer(HEADER));
    const word = (at, text) =>
        [...text].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
    word(0, "RIFF");
    view.setUint32(4, HEADER - 8 + bytes, true);
    word(8, "WAVEfmt ");
    view.setUint32(16, 16, true);
    view.setUint16(20, 1, true); // PCM
    view.setUint16(22, 1, true);
    view.setUint32(24, rate, true);
    view.setUint32(28, rate * 2, true);
    view.setUint16(32, 2, true);
    view.setUint16(34, 16, true);
    word(36, "data");
    view.setUint32(40, bytes, true);
    return view.buffer;
}

/** Floats from -1 to 1 as 16 bits. */
export function toInt16(floats) {
    const out = new Int16Array(floats.length);
    for (let i = 0; i < floats.length; i++)
        out[i] = Math.max(-32768, Math.min(32767, Math.round(floats[i] * 32768)));
    return out;
}
