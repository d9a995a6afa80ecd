// SPDX-License-Identifier: MIT
// fft.js - the spectrum of a window of sound: a Hann window, then an FFT of radix 2.

export class Fft {
    constructor(size) {
        this.size = size;
        this.re = new Float32Array(size);
        this.im = new Float32Array(size);
        const angles = Array.from({ length: size }, (_, i) => 2 * Math.PI * i / size);
        this.window = Float32Array.from(angles, (a) => 0.5 - 0.5 * Math.cos(a));
        this.cos = Float32Array.from(angles, Math.cos);
        this.sin = Float32Array.from(angles, Math.sin);
        this.order = new Uint32Array(size);
        for (let i = 1; i < size; i++)
            this.order[i] = (this.order[i >> 1] >> 1) | (i & 1 ? size >> 1 : 0);
    }

    /** Powers of the size / 2 bins, a sine of full scale has 1. */
    powers(samples, out) {
        const { re, im, size } = this;
        for (let i = 0; i < size; i++) {
            re[this.order[i]] = samples[i] * this.window[i];
            im[i] = 0;
        }
        for (let half = 1; half < size; half *= 2)
            this.#stage(half);
        const scale = 16 / (size * size); // the window's mean is a half, a sine's line as well
        for (let i = 0; i < size / 2; i++)
            out[i] = (re[i] * re[i] + im[i] * im[i]) * scale;
    }

    #stage(half) {
        const { re, im, cos, sin, size } = this;
        const step = size / (2 * half);
        for (let begin = 0; begin < size; begin += 2 * half)
            for (let k = 0; k < half; k++) {
                const a = begin + k, b = a + half;
                const c = cos[k * step], s = sin[k * step];
                const x = re[b] * c + im[b] * s, y = im[b] * c - re[b] * s;
                re[b] = re[a] - x;
                im[b] = im[a] - y;
                re[a] += x;
                im[a] += y;
            }
    }
}
