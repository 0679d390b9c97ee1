/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Pictures of the page: each state, light and dark, phone and desk. */
'use strict';

const path = require('path');
const { startServer } = require('./httpd');
const { launch, open, send, sparse } = require('./page');

module.exports = async function shots(dir) {
    const server = await startServer(dir, { name: 'http1', protocol: 'http/1.1' });
    const browser = await launch();
    const large = sparse(dir, 'holiday-video.mp4', 52428800);
    const small = sparse(dir, 'note.txt', 2345);
    const sizes = { phone: { width: 360, height: 740 },
                    desk: { width: 1280, height: 800 } };

    server.closeDesk(true);
    for (const [size, viewport] of Object.entries(sizes)) {
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
    await browser.close();
    return 0;
};
