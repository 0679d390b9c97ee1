/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* What can be made out of a page by looking at it. */
'use strict';

/* The contrast of two colours, by WCAG 2: 1 to 21. */
function contrast(one, other) {
    const light = (text) => {
        const [r, g, b] = text.match(/[\d.]+/g).slice(0, 3).map((value) => {
            const share = value / 255;

            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });

        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);

    return (high + 0.05) / (low + 0.05);
}

/*
 * @return texts: how many there are; faint: those with a contrast below 4.5, with
 *         their colours; wide: the page's width in pixels
 */
async function look(page) {
    const { colours, wide } = await page.evaluate(() => {
        const found = [];
        const clear = 'rgba(0, 0, 0, 0)';
        // what is behind a page that has no colour of its own
        const canvas = document.createElement('i');

        canvas.style.backgroundColor = 'Canvas';
        document.body.append(canvas);
        const paper = getComputedStyle(canvas).backgroundColor;

        canvas.remove();
        const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);

        for (let node = walk.nextNode(); node; node = walk.nextNode()) {
            const element = node.parentElement;
            let behind = element;

            if (!node.data.trim() || !element.checkVisibility()
                || element instanceof SVGElement) {
                continue;
            }
            while (behind.parentElement
                   && getComputedStyle(behind).backgroundColor === clear) {
                behind = behind.parentElement;
            }
            const back = getComputedStyle(behind).backgroundColor;

            found.push([node.data.trim().slice(0, 20), getComputedStyle(element).color,
                        back === clear ? paper : back]);
        }
        return { colours: found, wide: document.documentElement.scrollWidth };
    });

    return {
        texts: colours.length, wide,
        faint: colours.filter(([, one, other]) => contrast(one, other) < 4.5),
    };
}

module.exports = { look, contrast };
