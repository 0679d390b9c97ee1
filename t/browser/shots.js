/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Pictures of all pages: each state, light and dark, phone and desk. */
'use strict';

const path = require('path');
const { startServer } = require('./httpd');
const { launch, open, send, sparse } = require('./page');
const { open: visit, upload } = require('./status');

const SIZES = { phone: { width: 360, height: 740 }, desk: { width: 1000, height: 700 } };
const LARGE = 52428800;

/* What a browser shows of a refusal: the answer to a form. */
async function refusal(browser, server, dir, options, shot) {
    const page = await visit(browser, `${server.origin}/form.html`, options);

    await page.evaluate(() => {
        document.querySelector('form').action = '/paged/upload.cgi';
    });
    await page.setInputFiles('input', sparse(dir, 'film.mp4', 20971520));
    await page.getByRole('button', { name: 'Send' }).click();
    await page.waitForURL('**/paged/upload.cgi');
    await shot(page, 'refusal');
    await page.context().close();
}

async function status(browser, server, options, shot) {
    const page = await visit(browser, `${server.apiOrigin}/expect-policy-status`, options);

    await shot(page, 'status');
    await page.getByRole('link', { name: 'What would become' }).click();
    await page.getByLabel('Method and URL').fill('PUT /videos/holiday.mp4');
    await page.getByLabel('Size').fill('50M');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.waitForSelector('tbody tr');
    await shot(page, 'explained');
    await page.context().close();
}

/* Pages that need no script: the refusal, the status page, an explanation. */
async function plain(browser, server, dir) {
    const counts = await startServer(dir, { name: 'status', status: true });

    for (const bytes of [LARGE, LARGE, 5, 5, 5, LARGE]) {
        await upload(counts.port, bytes);
    }
    for (const [size, viewport] of Object.entries(SIZES)) {
        for (const colorScheme of ['light', 'dark']) {
            const options = { viewport, colorScheme };
            const shot = (page, name) => page.screenshot({
                path: path.join(dir, `${name}-${size}-${colorScheme}.png`),
                fullPage: true });

            await refusal(browser, server, dir, options, shot);
            await status(browser, counts, options, shot);
        }
    }
}

module.exports = async function shots(dir) {
    const server = await startServer(dir, { name: 'http1', protocol: 'http/1.1' });
    const browser = await launch();
    const large = sparse(dir, 'holiday-video.mp4', LARGE);
    const small = sparse(dir, 'note.txt', 2345);

    server.closeDesk(true);
    for (const [size, viewport] of Object.entries(SIZES)) {
        for (const colorScheme of ['light', 'dark']) {
            const page = await open(browser, server, { viewport, colorScheme });
            const shot = (name) => page.screenshot({
                path: path.join(dir, `${name}-${size}-${colorScheme}.png`),
                fullPage: true });

            await shot('start');
            await send(page, { file: large, place: '/images/', way: 'request' });
            await page.locator('#answer summary').click();
            await shot('type');
            await send(page, { file: large, place: '/files/', way: 'request' });
            await shot('size');
            await send(page, { file: small, place: '/files/', way: 'request' });
            await shot('accepted');
            await send(page, { file: small, place: '/members/', way: 'fetch' });
            await shot('token');
            await page.evaluate(() => {
                document.getElementById('answer').replaceChildren();
                document.getElementById('under-way').hidden = false;
                document.getElementById('bar').max = 52428800;
                document.getElementById('bar').value = 19922944;
                document.getElementById('far').textContent = '19 MB of 50 MB (38 %)';
            });
            await shot('under-way');
            await page.context().close();
        }
    }
    await plain(browser, server, dir);
    await browser.close();
    return 0;
};
