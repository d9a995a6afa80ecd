// SPDX-License-Identifier: MIT
// notice.js - what went wrong and what to do, in one place; and the field for the key.

import { byId, clock } from "./element.js";
import { setKey } from "./server.js";

const ADVICE = {
    0: "Is “echotts serve” still running? Look at its terminal, then try again.",
    401: "This server needs a key. Enter it below; it stays in this tab.",
    413: "Send less at once.",
    503: "The server is stopping or not ready yet. Try again in a moment.",
};

/** Failures that may pass by themselves, so that trying again helps. */
const PASSING = [0, 429, 500, 503];

export class Notice {
    constructor() {
        this.box = byId("notice");
        this.again = null;
        byId("notice-close").addEventListener("click", () => this.hide());
        byId("notice-again").addEventListener("click", () => this.#repeat());
        byId("key-form").addEventListener("submit", (event) => {
            event.preventDefault();
            setKey(byId("key").value.trim());
            byId("key").value = "";
            this.#repeat();
        });
    }

    /** again: what to repeat, if that may help */
    show(failure, again = null) {
        const { status = -1 } = failure;
        const needsKey = status === 401;
        clearInterval(this.timer);
        this.again = again;
        this.box.hidden = false;
        byId("notice-text").textContent = failure.message;
        byId("notice-advice").textContent = ADVICE[status] ?? "";
        byId("key-form").hidden = !needsKey;
        byId("notice-again").hidden = !again || !PASSING.includes(status);
        byId("notice-again").disabled = false;
        if (status === 429)
            this.#wait(failure.retry || 1);
        if (needsKey)
            byId("key").focus();
        else
            this.box.scrollIntoView({ block: "nearest" });
    }

    hide() {
        clearInterval(this.timer);
        this.box.hidden = true;
    }

    #repeat() {
        const { again } = this;
        this.hide();
        again?.();
    }

    #wait(seconds) {
        const until = Date.now() + 1000 * seconds;
        const advice = byId("notice-advice");
        const update = () => {
            const left = Math.ceil((until - Date.now()) / 1000);
            byId("notice-again").disabled = left > 0;
            if (left > 0)
                byId("notice-clock").textContent = ` (${clock(left)})`;
            else
                byId("notice-clock").textContent = "";
            if (left <= 0)
                clearInterval(this.timer);
        };
        advice.textContent = `The server is busy. It takes more in ${Math.ceil(seconds)} s.`;
        this.timer = setInterval(update, 500);
        update();
    }
}
