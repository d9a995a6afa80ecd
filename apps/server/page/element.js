// SPDX-License-Identifier: MIT
// element.js - elements of the page: made, found, and times as people read them.

/** Make an element.  Functions become listeners, true an empty attribute, strings text. */
export function el(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === undefined || value === null || value === false)
            continue;
        if (typeof value === "function")
            made.addEventListener(name, value);
        else
            made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((c) => c !== null && c !== undefined));
    return made;
}

export function byId(id) {
    return document.getElementById(id);
}

/** 4.24 -> "4.2 s", 75 -> "1:15". */
export function duration(seconds) {
    if (seconds < 59.95)
        return `${seconds.toFixed(1)} s`;
    return clock(seconds);
}

/** 75.4 -> "1:15", 3675 -> "1:01:15". */
export function clock(seconds) {
    const whole = Math.floor(seconds + 1e-6);
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    return (hours ? `${hours}:${two(minutes)}` : String(minutes)) + `:${two(whole % 60)}`;
}

/** Give a blob to the user as a file. */
export function save(blob, name) {
    const url = URL.createObjectURL(blob);
    const link = el("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
}

const announcer = () => byId("announcer");

/** Say something to those who listen to a screen reader. */
export function announce(text) {
    announcer().textContent = text;
}
