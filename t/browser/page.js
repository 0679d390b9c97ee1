/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Chromium, and conf-examples/upload.html as a person uses it. */
'use strict';

const fs = require('fs');
const path = require('path');
const { chromium } = require('playwright-core');

// How long anything may take: 50 MB over a slow link, with room to spare.
const PATIENCE = 60000;

function launch() {
    return chromium.launch({
        executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
        headless: true,
        // nothing but the loopback interface is ever asked for anything
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
               '--disable-background-networking', '--disable-component-update',
               '--disable-sync', '--no-proxy-server', '--disable-dev-shm-usage',
               '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
        timeout: 30000,
    });
}

/* A file of zeros that takes no room on the disk. */
function sparse(dir, name, bytes) {
    const file = path.join(dir, 'files', name);

    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, '');
    fs.truncateSync(file, bytes);
    return file;
}

async function open(browser, server, options) {
    const context = await browser.newContext({
        ignoreHTTPSErrors: true, serviceWorkers: 'block', ...options });
    const page = await context.newPage();

    page.setDefaultTimeout(PATIENCE);
    page.harm = [];
    page.on('pageerror', (error) => page.harm.push(String(error)));
    page.on('console', (message) => {
        if (/Content Security Policy/.test(message.text())) {
            page.harm.push(message.text());
        }
    });
    await page.goto(`${server.origin}/upload.html`);
    return page;
}

/* The origin that the page takes for the other server's. */
function otherOrigin(page) {
    return page.evaluate(() => {
        const option = document.querySelector('option[data-origin]');

        return option ? option.dataset.origin : null;
    });
}

function setOtherPort(page, port) {
    return page.evaluate((value) => {
        const { dataset } = document.querySelector('option[data-origin]');

        dataset.origin = dataset.origin.replace(/\d+$/, value);
    }, String(port));
}

/*
 * Sends a file by the form.
 * @param ask file; place: '/files/'; way: 'request' or 'fetch'; other: to the
 *        other origin; token; first: asks for the limits first
 * @return what the page then shows
 */
async function send(page, ask) {
    await page.setInputFiles('#file', ask.file);
    await page.evaluate(([place, way, other, token, first]) => {
        const { elements } = document.getElementById('form');
        const known = [...elements.place.options].some((one) => one.value === place);

        if (!known) {
            elements.place.add(new Option(place, place));
        }
        elements.place.value = place;
        elements.way.value = way;
        elements.server.selectedIndex = other ? 1 : 0;
        elements.token.value = token;
        elements.first.checked = first;
    }, [ask.place, ask.way || 'request', Boolean(ask.other), ask.token || '',
        Boolean(ask.first)]);
    const start = performance.now();

    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('#answer > div').waitFor({ state: 'attached' });
    const shown = await page.evaluate(() => {
        const card = document.querySelector('#answer > div');
        const text = (selector) => {
            const found = card.querySelector(selector);

            return found ? found.textContent : null;
        };
        const pairs = (list) => Object.fromEntries(
            [...(list ? list.children : [])].map((row) => [
                row.querySelector('dt').textContent,
                row.querySelector('ul')
                    ? [...row.querySelectorAll('li')].map((one) => one.textContent)
                    : row.querySelector('dd').textContent,
            ]));

        return {
            verdict: text('.verdict'), message: text('h2'), advice: text('.advice'),
            facts: pairs(card.querySelector(':scope > dl')),
            technical: pairs(card.querySelector('details dl')),
            body: text('pre') || '',
        };
    });

    shown.msec = performance.now() - start;
    try {
        shown.document = JSON.parse(shown.body);
    }
    catch (error) {
        shown.document = null;
    }
    return shown;
}

module.exports = { launch, open, send, sparse, otherOrigin, setOtherPort, PATIENCE };
