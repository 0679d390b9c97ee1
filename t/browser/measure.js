/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * What a script sees of a refused upload of 50 MB under each ExpectPolicyLinger:
 * at once on the loopback interface, and over a slow link (link.js).
 */
'use strict';

const { startServer, stopServers, makeCertificate } = require('./httpd');
const { openLink } = require('./link');
const { launch, open, send, sparse } = require('./page');

const RUNS = 5;
const MB = 1048576;
// 40 ms there and back, 50 Mbit/s
const LINK = { msec: 20, bytesPerSecond: 50e6 / 8 };

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

module.exports = async function measure(dir) {
    makeCertificate(dir);
    const browser = await launch();
    let rows = 0;

    process.stdout.write(`Chromium ${browser.version()}, 50 MB refused with 413, `
        + `${RUNS} runs each\n\n| protocol | link | ExpectPolicyLinger | sent by | `
        + 'status seen | JSON seen | reached the server | median |\n'
        + '|---|---|---|---|---|---|---|---|\n');
    for (const protocol of ['http/1.1', 'h2']) {
        for (const slow of [false, true]) {
            for (const linger of ['Full', 'Short', 'Abort']) {
                let link;
                const server = await startServer(dir, {
                    name: `${protocol.replace(/\W/g, '')}-${linger}-${slow}`,
                    tls: protocol === 'h2', protocol, linger,
                    front: slow ? async (port) => {
                        link = await openLink(() => port, LINK.msec,
                                              LINK.bytesPerSecond);
                        return link;
                    } : undefined });
                const page = await open(browser, server, {});

                for (const way of ['request', 'fetch']) {
                    const seen = [];
                    const sent = [];

                    for (let run = 0; run < RUNS; run++) {
                        const file = sparse(dir, `m-${run}.bin`, 50 * MB);

                        if (link) {
                            link.sent();
                        }
                        seen.push(await send(page, { file, place: '/files/', way }));
                        if (link) {
                            sent.push(link.sent());
                        }
                    }
                    const status = seen.filter((one) => one.technical.Status === '413');
                    const json = seen.filter((one) => one.document
                        && one.document.error === 'content_too_large');
                    const seconds = median(seen.map((one) => one.msec)) / 1000;

                    process.stdout.write(`| ${protocol === 'h2' ? 'HTTP/2' : 'HTTP/1.1'} | ${
                        slow ? '40 ms, 50 Mbit/s' : 'loopback'} | ${linger} | ${
                        way === 'fetch' ? 'fetch' : 'XMLHttpRequest'} | ${
                        status.length} of ${RUNS} | ${json.length} of ${RUNS} | ${
                        slow ? `${(median(sent) / MB).toFixed(1)} MB` : ''} | ${
                        seconds.toFixed(1)} s |\n`);
                    rows++;
                }
                await page.context().close();
                await stopServers();
                if (link) {
                    link.close();
                }
            }
        }
    }
    await browser.close();
    return rows === 24 ? 0 : 1;
};
