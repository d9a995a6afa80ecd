// SPDX-License-Identifier: MIT
// pieces.js - the pieces of a text: which are to come, made, being said; and which had trouble.

import { duration, el } from "./element.js";

const solid = (text) => text.replace(/\s+/g, "");

/** Those announced that no made piece covers.  They need not agree: cuts follow the pace. */
function toCome(speech) {
    let covered = solid(speech.said.map((p) => p.text).join("")).length;
    const rest = [];
    for (const piece of speech.planned) {
        const n = solid(piece.text).length;
        if (covered < n)
            rest.push({ ...piece, text: behind(piece.text, covered) });
        covered = Math.max(0, covered - n);
    }
    return rest;
}

/** The text behind its first n characters that are not blanks. */
function behind(text, n) {
    let i = 0;
    for (; n > 0 && i < text.length; i++)
        if (!/\s/.test(text[i]))
            n--;
    return text.slice(i).trim();
}

export class Pieces {
    /** list: an <ol>; seek: called with the seconds at which a piece begins */
    constructor(list, seek) {
        this.list = list;
        this.seek = seek;
        this.rows = [];
        this.show(null);
    }

    show(speech) {
        this.speech = speech;
        this.current = -1;
        this.rows = [];
        this.list.replaceChildren();
        this.list.parentElement.hidden = true;
        this.update();
    }

    /** News of the pieces.  Rows of made ones stay as they are. */
    update() {
        if (!this.speech)
            return;
        const { said, state } = this.speech;
        const rest = state === "running" ? toCome(this.speech) : [];
        const kept = this.rows.filter((row) => row.made);
        this.rows.slice(kept.length).forEach((row) => row.item.remove());
        this.rows = kept;
        for (const piece of said.slice(kept.length))
            this.#add(piece, true);
        for (const piece of rest)
            this.#add(piece, false);
        this.list.parentElement.hidden = this.rows.length < 2;
        this.#light(this.current, true);
    }

    #add(piece, made) {
        const words = el("span", { class: "words" }, piece.text);
        const state = el("span", { class: "state" });
        const button = el("button", {
            type: "button", class: "piece", disabled: !made,
            click: () => this.seek(piece.begin_s),
        }, words, state);
        const item = el("li", {}, button);
        const row = { piece, item, button, state, made };
        if (made && piece.trouble)
            item.classList.add("troubled");
        this.#describe(row, false);
        this.rows.push(row);
        this.list.append(item);
    }

    #describe(row, isSaid) {
        const { piece, made } = row;
        const parts = [];
        if (isSaid)
            parts.push("▶ now");
        if (made)
            parts.push(duration(piece.end_s - piece.begin_s));
        else
            parts.push(`about ${duration(piece.expected_s)}`);
        if (made && piece.takes > 1)
            parts.push(`${piece.takes} takes`);
        if (made && piece.trouble)
            parts.push(`⚠ ${piece.trouble}`);
        row.state.textContent = parts.join(" · ");
    }

    /** Light up the piece at this second of the sound; below 0: none. */
    at(seconds) {
        let index = -1;
        if (seconds >= 0)
            index = this.rows.findIndex(({ made, piece }) =>
                !made || seconds < piece.end_s + (piece.pause_s ?? 0));
        this.#light(index, false);
    }

    #light(index, again) {
        if (index === this.current && !again)
            return;
        this.current = index;
        this.rows.forEach((row, i) => {
            const isSaid = i === index;
            if (row.item.classList.contains("current") !== isSaid || again) {
                row.item.classList.toggle("current", isSaid);
                if (isSaid)
                    row.button.setAttribute("aria-current", "true");
                else
                    row.button.removeAttribute("aria-current");
                this.#describe(row, isSaid);
            }
        });
        if (!again)
            this.#reveal(this.rows[index]?.item);
    }

    /** Scroll the list, not the page. */
    #reveal(item) {
        if (!item)
            return;
        const top = item.offsetTop - this.list.offsetTop;
        const below = top + item.offsetHeight > this.list.scrollTop + this.list.clientHeight;
        if (below || top < this.list.scrollTop)
            this.list.scrollTop = top - this.list.clientHeight / 3;
    }
}
