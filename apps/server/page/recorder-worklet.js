// SPDX-License-Identifier: MIT
// recorder-worklet.js - hands what the microphone hears to the page, in blocks.

const BLOCK = 2048;

class Tap extends AudioWorkletProcessor {
    constructor() {
        super();
        this.block = new Float32Array(BLOCK);
        this.n = 0;
    }

    process([input]) {
        if (!input.length)
            return true;
        for (let i = 0; i < input[0].length; i++) {
            let sum = 0;
            for (const channel of input)
                sum += channel[i];
            this.block[this.n++] = sum / input.length;
            if (this.n === BLOCK) {
                this.port.postMessage(this.block);
                this.n = 0;
            }
        }
        return true;
    }
}

registerProcessor("tap", Tap);
