/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The page of SetHandler expect-policy-status, as conf-examples/status.conf has
 * it: looked at, and asked what it wants from the browser. */
'use strict';

const http = require('http');
const path = require('path');
const { startServer } = require('./httpd');
const { look, contrast } = require('./sight');

const REFUSED = 7;
const ADMITTED = 3;
const LARGE = 11 * 1048576;

/* An upload of which nothing is sent unless it is asked for. */
function upload(port, bytes) {
    return new Promise((resolve, reject) => {
        const request = http.request({
            port, host: '127.0.0.1', method: 'PUT', path: '/x', agent: false,
            headers: { 'Content-Length': bytes, Expect: '100-continue' } });

        request.on('continue', () => request.end(Buffer.alloc(bytes)));
        request.on('response', (answer) => {
            answer.resume();
            request.destroy();
            resolve(answer.statusCode);
        });
        request.on('error', reject);
        request.flushHeaders();
    });
}

async function open(browser, address, options) {
    const context = await browser.newContext({ serviceWorkers: 'block', ...options });
    const page = await context.newPage();

    page.asked = [];
    page.harm = [];
    page.on('request', (request) => page.asked.push(request.url()));
    page.on('pageerror', (error) => page.harm.push(String(error)));
    page.on('console', (message) => page.harm.push(message.text()));
    page.answer = await page.goto(address);
    return page;
}

/* What a person reads. */
function read(page) {
    return page.evaluate(() => {
        const bars = [...document.querySelectorAll('svg rect')];

        return {
            title: document.querySelector('h1').textContent,
            boxes: Object.fromEntries([...document.querySelectorAll('dl div')].map(
                (box) => [box.children[0].textContent, box.children[1].textContent])),
            rows: [...document.querySelectorAll('tbody tr')].map(
                (row) => [...row.cells].map((cell) => cell.textContent)),
            chart: document.getElementById('chart').textContent,
            bars: bars.map((bar) => [bar.getBoundingClientRect().width > 1
                                     && bar.getBoundingClientRect().height > 20,
                                     bar.textContent]),
            tags: document.querySelectorAll(
                'b, img, script, link:not([rel=icon])').length,
        };
    });
}

/* The page that explains an upload, asked by its form. */
async function explanations(browser, address, { check, same }) {
    for (const colorScheme of ['light', 'dark']) {
        for (const width of [320, 1000]) {
            const title = `explained, ${colorScheme}, ${width} pixels`;
            const page = await open(browser, address,
                                    { colorScheme, viewport: { width, height: 700 } });

            await page.getByRole('link', { name: 'What would become' }).click();
            await page.getByLabel('Method and URL').fill("PUT /<b>&'\"%20x");
            await page.getByLabel('Size').fill('11M');
            await page.getByRole('button', { name: 'Explain' }).click();
            await page.waitForSelector('tbody tr');

            const shown = await page.evaluate(() => ({
                text: document.body.textContent,
                failed: [...document.querySelectorAll('td.bad')].map(
                    (cell) => cell.parentElement.cells[0].textContent),
                document: document.querySelectorAll('pre')[1].textContent,
                tags: document.querySelectorAll('b, img, script').length,
            }));
            const sight = await look(page);

            same([shown.failed, JSON.parse(shown.document).error, shown.tags],
                 [['content_too_large'], 'content_too_large', 0],
                 `${title}: what would become of an upload`);
            check(shown.text.includes(`/<b>&'"%20x, ${LARGE} bytes`)
                  && shown.text.includes('ExpectPolicyMaxSize 10M'),
                  `${title}: the question, and the directive`, shown.text);
            check(sight.texts >= 25 && sight.faint.length === 0,
                  `${title}: all text has a contrast of 4.5 at least`,
                  JSON.stringify(sight));
            same(sight.wide, width, `${title}: nothing is cut off`);
            same([page.asked.filter((url) => !url.startsWith(address)), page.harm],
                 [[], []], `${title}: nothing else is loaded, and nothing is wrong`);
            await page.context().close();
        }
    }
}

module.exports = async function statusPage(dir, browser, { check, same }) {
    const server = await startServer(dir, { name: 'status', status: true });
    const address = `${server.apiOrigin}/expect-policy-status`;

    process.stdout.write('# the status page\n');
    for (let i = 0; i < REFUSED; i++) {
        same(await upload(server.port, LARGE), 417, 'a large upload is refused');
    }
    for (let i = 0; i < ADMITTED; i++) {
        same(await upload(server.port, 5), 405, 'a small one is let in');
    }
    // what the last one came to is counted when it is over
    await new Promise((resolve) => setTimeout(resolve, 500));

    const backs = {};

    for (const colorScheme of ['light', 'dark']) {
        for (const width of [320, 1000]) {
            const title = `${colorScheme}, ${width} pixels`;
            const page = await open(browser, address,
                                    { colorScheme, viewport: { width, height: 700 } });
            const shown = await read(page);
            const sight = await look(page);
            const [bar, box, back] = await page.evaluate(() => [
                getComputedStyle(document.querySelector('svg rect')).fill,
                getComputedStyle(document.querySelector('svg')).backgroundColor,
                getComputedStyle(document.body).backgroundColor]);

            same([shown.title, shown.boxes.Refused, shown.boxes.Admitted,
                  shown.boxes['Content that was refused']],
                 ['Uploads: all virtual hosts', String(REFUSED), String(ADMITTED),
                  `${REFUSED * LARGE / 1048576}.0 MB`], `${title}: the numbers`);
            const system = shown.rows.pop();

            same(shown.rows, [['content_too_large', String(REFUSED), '0', '0'],
                              [`<b>x</b>'&.test:${server.port}`, String(ADMITTED),
                               String(REFUSED), '0', '0', '77.0 MB']],
                 `${title}: the tables, and a name like HTML as it is written`);
            check(system[0] === path.join(dir, 'status/www/html')
                  && /^[\d.]+ [KMGT]?B [\d.]+ [KMGT]?B \d+ %$/.test(
                      system.slice(1, 4).join(' ')),
                  `${title}: the file system and its free space`,
                  JSON.stringify(system));
            check(shown.bars.length >= 1 && shown.bars.length <= 2
                  && shown.bars.every(([seen, text]) => seen && /^\d/.test(text))
                  && shown.chart.startsWith(`${REFUSED} in all, at most `),
                  `${title}: the chart`, JSON.stringify([shown.bars, shown.chart]));
            check(sight.texts >= 25 && sight.faint.length === 0,
                  `${title}: all text has a contrast of 4.5 at least`,
                  JSON.stringify(sight));
            check(contrast(bar, box) >= 3, `${title}: and the bars of 3`, `${bar} ${box}`);
            same(sight.wide, width, `${title}: nothing is cut off`);
            same([page.asked, page.harm, shown.tags], [[address], [], 0],
                 `${title}: nothing else is loaded, and nothing is wrong`);
            backs[colorScheme] = back;
            await page.context().close();
        }
    }
    await explanations(browser, address, { check, same });
    check(contrast(backs.light, backs.dark) > 10, 'dark is dark, and light is light',
          JSON.stringify(backs));

    const page = await open(browser, address, {});
    const ran = await page.evaluate(() => {
        const script = document.createElement('script');

        script.textContent = 'window.ran = true;';
        document.body.append(script);
        return window.ran === true;
    });

    same([ran, page.harm.length > 0], [false, true], 'no script could run in it');
    for (const [name, type] of [['JSON', 'application/json'],
                                ['OpenMetrics', 'application/openmetrics-text']]) {
        const answer = await page.request.get(
            await page.getByRole('link', { name }).evaluate((link) => link.href));

        check(answer.status() === 200
              && answer.headers()['content-type'].startsWith(type),
              `it leads to ${name}`, String(answer.status()));
    }
    await page.context().close();
};

module.exports.open = open;
module.exports.upload = upload;
