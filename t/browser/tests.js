/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Each refusal of a 50 MB upload, over each transport, by each way a script can
 * send, to the page's own origin and to another one; and its twin, accepted
 * with one fact changed.  Then what a person sees of it.
 */
'use strict';

const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');
const { isDeepStrictEqual } = require('util');
const { startServer, stopServers, makeCertificate } = require('./httpd');
const { openLink } = require('./link');
const { launch, open, send, sparse, otherOrigin, setOtherPort } = require('./page');
const { wrongRefusals } = require('./schema');
const { look } = require('./sight');
const statusPage = require('./status');

const MB = 1048576;
const LARGE = 50 * MB;
// What httpd may have read of a refused upload: the head, and what HTTP/2 lets
// a client send before it is told that it may send more.
const EARLY = 128 * 1024;
// Fewer than these, and something has not run that should have.
const FLOOR = 300;

// half: not every refusal by every way, where it takes seconds to get rid of
// what Chromium goes on sending
const TRANSPORTS = [
    { name: 'http1', half: true, title: 'HTTP/1.1', tls: false, protocol: 'http/1.1',
      version: 'HTTP/1.1' },
    { name: 'tls1', half: true, title: 'HTTP/1.1 over TLS', tls: true, protocol: 'http/1.1',
      version: 'HTTP/1.1' },
    { name: 'http2', title: 'HTTP/2 over TLS', tls: true, protocol: 'h2',
      version: 'HTTP/2.0' },
];

/* What is refused, what a person reads of it, and the twin's one other fact. */
const REFUSALS = [
    { title: 'by its declared size', status: 413, error: 'content_too_large',
      place: '/files/', bytes: LARGE, type: 'bin',
      facts: { 'Largest file': '10 MB', 'Your file': '50 MB' },
      message: 'The content is larger than accepted here.',
      twin: { bytes: 10 * MB }, fact: 'of the size that is allowed' },
    { title: 'by its type', status: 415, error: 'unsupported_content_type',
      place: '/images/', bytes: LARGE, type: 'bin',
      facts: { 'Accepted types': ['image/jpeg', 'image/png', 'image/webp'] },
      message: 'Content of type application/octet-stream is not accepted here.',
      twin: { type: 'png' }, fact: 'of a type that is accepted' },
    { title: 'without credentials', status: 401, error: 'authentication_required',
      place: '/members/', bytes: LARGE, type: 'bin',
      facts: { Details: 'Send an Authorization header with one of the schemes that'
                   + ' WWW-Authenticate names.' },
      message: 'Credentials must be sent with an upload.',
      twin: { token: 'abc' }, fact: 'with a token' },
    { title: 'at a closed desk', status: 403, error: 'desk_closed',
      place: '/desk/', bytes: LARGE, type: 'bin', closed: true, facts: {},
      message: 'The desk takes no files at the moment. It opens again on Monday at 8.',
      twin: { closed: false }, fact: 'at an open desk' },
    { title: 'to a place that is gone', status: 404, error: 'not_found',
      place: '/old/', bytes: LARGE, type: 'bin', facts: {},
      message: 'The upload was answered with "404 Not Found" before its content was'
          + ' read.',
      twin: { place: '/desk/' }, fact: 'to a place that is there' },
];

let count = 0;
let failed = 0;
// every document of a refusal that came through, each once
const documents = new Set();

function check(ok, title, diagnosis) {
    count++;
    failed += ok ? 0 : 1;
    process.stdout.write(`${ok ? 'ok' : 'not ok'} ${count} - ${title}\n`);
    if (!ok && diagnosis !== undefined) {
        process.stdout.write(`${diagnosis.replace(/^/gm, '#   ')}\n`);
    }
    return ok;
}

function same(got, wanted, title) {
    return check(isDeepStrictEqual(got, wanted), title,
                 `got    ${JSON.stringify(got)}\nwanted ${JSON.stringify(wanted)}`);
}

/* Tries until it is so: a log line may be written a moment after the answer. */
async function soon(look) {
    for (let tries = 0; ; tries++) {
        const found = look();

        if (found || tries === 300) {
            return found;
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

async function lineOf(server, name, method) {
    const lines = await soon(() => {
        const found = server.requests(name)
            .filter((line) => line.includes(`"${method} `));

        return found.length > 0 ? found : null;
    });

    return lines ? lines[lines.length - 1] : '';
}

let serial = 0;

function fileFor(dir, ask) {
    return sparse(dir, `upload-${++serial}.${ask.type}`, ask.bytes);
}

/* One upload by the page, and what became of it. */
async function upload(dir, server, page, ask) {
    const file = fileFor(dir, ask);
    const name = path.basename(file);

    server.closeDesk(Boolean(ask.closed));
    const shown = await send(page, { ...ask, file });

    if (shown.verdict !== 'Accepted') {
        documents.add(shown.body);
    }
    const line = await lineOf(server, name, 'PUT');

    shown.stored = server.stored(name);
    shown.read = Number((line.match(/ in=(\d+)/) || [])[1]);
    shown.version = (line.match(/(HTTP\/[\d.]+)"/) || [])[1];
    shown.preflights = server.requests(name)
        .filter((one) => one.includes('"OPTIONS ')).length;
    server.forget(name);
    fs.unlinkSync(file);
    return shown;
}

// ------------------------------------------------------------------- answers

/* Every second pair of a refusal and a way, so that each has some of each. */
function halfOf(index, other, way) {
    return ((index % 2 === 0) === other) === (way === 'fetch');
}

async function refusals(dir, server, page, transport) {
    for (const other of [false, true]) {
        for (const way of ['request', 'fetch']) {
            for (const [index, one] of REFUSALS.entries()) {
                if (transport.half && !halfOf(index, other, way)) {
                    continue;
                }
                const how = `${transport.title}, ${
                    way === 'fetch' ? 'fetch' : 'XMLHttpRequest'}${
                    other ? ', CORS' : ''}`;
                const shown = await upload(dir, server, page, { ...one, way, other });

                same({ verdict: shown.verdict, status: shown.technical.Status,
                       header: shown.technical['Expect-Policy-Error'],
                       error: shown.document && shown.document.error,
                       message: shown.message, facts: shown.facts,
                       stored: shown.stored, version: shown.version,
                       early: shown.read < EARLY },
                     { verdict: 'Not accepted', status: String(one.status),
                       header: one.error, error: one.error, message: one.message,
                       facts: one.facts, stored: null, version: transport.version,
                       early: true },
                     `${how}: 50 MB ${one.title}: ${one.status} and the document`);
            }
        }
    }
    // half of them are enough: the guard does not know a script's ways apart
    for (const [index, one] of REFUSALS.entries()) {
        for (const other of [false, true]) {
            const way = halfOf(index, other, 'fetch') ? 'fetch' : 'request';
            const ask = { ...one, ...one.twin, way, other };
            const shown = await upload(dir, server, page, ask);

            same({ verdict: shown.verdict, stored: shown.stored, version: shown.version,
                   preflights: shown.preflights, read: shown.read > ask.bytes },
                 { verdict: 'Accepted', stored: ask.bytes, version: transport.version,
                   preflights: other ? 1 : 0, read: true },
                 `${transport.title}, ${way === 'fetch' ? 'fetch' : 'XMLHttpRequest'}${
                     other ? ', CORS' : ''}: ${one.fact} it is accepted`);
        }
    }
    same(page.harm, [], `${transport.title}: no script failed`);
}

// --------------------------------------------------------------- beforehand

/* What the limits of a place rule out, and the twin that is sent. */
const RULED_OUT = [
    { title: '70 MB where 10 MB are taken', place: '/files/', bytes: 70 * MB, type: 'bin',
      facts: { 'Largest file': '10 MB', 'Your file': '70 MB' },
      message: 'The file is larger than accepted here.',
      twin: { bytes: 10 * MB } },
    { title: 'a type that is not taken', place: '/images/', bytes: MB, type: 'bin',
      facts: { 'Accepted types': ['image/jpeg', 'image/png', 'image/webp'] },
      message: 'This kind of file is not accepted here.',
      twin: { type: 'png' } },
    { title: 'without a token', place: '/members/', bytes: MB, type: 'bin', facts: {},
      message: 'This place takes files only from people it knows.',
      twin: { token: 'abc' } },
    { title: 'at a closed desk', place: '/desk/', bytes: MB, type: 'bin', closed: true,
      facts: {},
      message: 'The desk takes no files at the moment. It opens again on Monday at 8.',
      twin: { closed: false } },
];

/* One upload of which the page asks first, and what the server has seen of it. */
async function askFirst(dir, server, page, ask) {
    const file = fileFor(dir, ask);
    const name = path.basename(file);
    const seen = [];
    const note = (request) => {
        if (request.url().includes(name)) {
            seen.push(`${request.method()} ${new URL(request.url()).search}`);
        }
    };

    server.closeDesk(Boolean(ask.closed));
    page.on('request', note);
    const shown = await send(page, { ...ask, file, first: true });

    page.off('request', note);
    shown.seen = seen.filter((one) => !one.startsWith('OPTIONS'));
    await lineOf(server, name, 'GET');
    shown.stored = server.stored(name);
    // of all requests that have the name
    shown.read = Math.max(0, ...server.requests(name)
        .map((line) => Number((line.match(/ in=(\d+)/) || [])[1])));
    shown.puts = server.requests(name).filter((line) => line.includes('"PUT ')).length;
    server.forget(name);
    fs.unlinkSync(file);
    return shown;
}

async function beforehand(dir, server, page, transport) {
    const asks = 'GET ?expect-policy-limits=PUT';

    same(await otherOrigin(page), server.apiOrigin,
         `${transport.title}: the page has the other server's address from the`
         + ' configuration');
    for (const other of [false, true]) {
        for (const [index, one] of RULED_OUT.entries()) {
            const way = index % 2 === Number(other) ? 'fetch' : 'request';
            const how = `${transport.title}${other ? ', CORS' : ''}: ${one.title}`;
            const shown = await askFirst(dir, server, page, { ...one, way, other });

            same({ verdict: shown.verdict, message: shown.message, facts: shown.facts,
                   seen: shown.seen, puts: shown.puts, stored: shown.stored,
                   head: shown.read < 8192 },
                 { verdict: 'Not sent', message: one.message, facts: one.facts,
                   seen: [asks], puts: 0, stored: null, head: true },
                 `${how}: refused by the page, and not sent`);
            const ask = { ...one, ...one.twin, way, other };
            const sent = await askFirst(dir, server, page, ask);

            same([sent.verdict, sent.seen, sent.stored],
                 ['Accepted', [asks, 'PUT '], ask.bytes],
                 `${how}: the twin is sent, and accepted`);
        }
    }
    for (const [place, why] of [['/old/', 'not_found'], ['/silent/', 'content_too_large']]) {
        const shown = await askFirst(dir, server, page,
                                     { place, bytes: LARGE, type: 'bin' });

        documents.add(shown.body);
        same([shown.verdict, shown.seen, shown.document && shown.document.error],
             ['Not accepted', [asks, 'PUT '], why],
             `${transport.title}: ${place} tells no limits: the file is sent, and refused`);
    }
    same(page.harm, [], `${transport.title}: nothing was against the page's policy`);
}

/* A GET gets the limits of a place, and never a file. */
async function noFileIsShown(dir, server) {
    const asks = '?expect-policy-limits=PUT';

    fs.writeFileSync(path.join(server.home, 'www/uploads/kept.txt'), 'a secret');
    for (const place of ['/files/', '/images/', '/members/', '/desk/']) {
        for (const query of ['', '?', '?x', `${asks}&x`, '?expect-policy-limits=GET']) {
            for (const method of ['GET', 'HEAD']) {
                const answer = await ask(server, { method, path: `${place}kept.txt${query}` });

                same([answer.status, answer.body.includes('secret')], [403, false],
                     `${method} ${place}kept.txt${query} is denied`);
            }
        }
        const told = await ask(server, { method: 'GET', path: `${place}kept.txt${asks}` });

        same([told.status, JSON.parse(told.body).method], [200, 'PUT'],
             `and with ${asks} it gets the limits`);
    }
    server.forget('kept.txt');
}

/* Of a page without an address there is no other server to choose. */
async function withoutAddress(dir, browser, server) {
    const page = await open(browser, server, {});
    const raw = fs.readFileSync(path.join(dir, 'html/upload.html'), 'utf8');

    same(await page.locator('#server option').count(), 2, 'the page offers two servers');
    await page.route('**/upload.html', (route) => route.fulfill({
        contentType: 'text/html', body: raw }));
    await page.goto(`${server.origin}/upload.html`);
    same(await page.locator('#server option').count(), 1,
         'and the file itself, which names no other one, offers one');
    await page.context().close();
}

/* What a refusal is foreseen by, and the closest file that is sent. */
async function foreseen(page) {
    const find = (said, file, options) => page.evaluate(([limits, one, more]) => {
        const answer = window.ExpectPolicy.foresee(one, limits, more);

        return answer && JSON.parse(answer.body);
    }, [said, { size: 5, type: 'image/png', ...file }, options || {}]);
    const rows = [
        ['max_size', { max_size: 4 }, { max_size: 5 },
         { error: 'content_too_large', limit: 4, requested_size: 5 }],
        ['min_size', { min_size: 6 }, { min_size: 5 },
         { error: 'content_too_small', limit: 6, requested_size: 5 }],
        ['continue_above', { continue_above: 4 }, { continue_above: 5 },
         { error: 'continue_required', limit: 4 }],
        ['allowed_methods', { allowed_methods: ['POST'] },
         { allowed_methods: ['POST', 'PUT'] },
         { error: 'method_not_allowed', allowed_methods: ['POST'] }],
        ['supported_types', { supported_types: ['image/gif', 'text/*'] },
         { supported_types: ['text/*', 'IMAGE/*'] },
         { error: 'unsupported_content_type', supported_types: ['image/gif', 'text/*'] }],
        ['a type that begins alike', { supported_types: ['image/pn'] },
         { supported_types: ['image/PNG'] },
         { error: 'unsupported_content_type', supported_types: ['image/pn'] }],
        ['any type', { supported_types: ['a/b'] }, { supported_types: ['*/*'] },
         { error: 'unsupported_content_type', supported_types: ['a/b'] }],
        ['refused', { refused: { error: 'shut', message: 'm', status: 403 } },
         { refused: { status: 403 } }, { error: 'shut', message: 'm' }],
        ['the first of several', { refused: { error: 'shut' }, max_size: 1 },
         { supported_encodings: ['gzip', 'identity'], length_required: true },
         { error: 'shut' }],
        ['members of wrong types', { max_size: 4 },
         { max_size: '4', min_size: null, supported_types: {}, refused: 'x',
           allowed_methods: 7, continue_above: -1 },
         { error: 'content_too_large', limit: 4, requested_size: 5 }],
        ['a list that is cut', { supported_types: ['a/b'] },
         { supported_types: ['a/b'], allowed_methods: ['X'], truncated: true },
         { error: 'unsupported_content_type', supported_types: ['a/b'] }],
    ];

    for (const [title, said, other, wanted] of rows) {
        same([await find(said), await find(other)], [wanted, null],
             `foreseen by its limits: ${title}; and a twin is not`);
    }
    same([await find({ authentication_schemes: ['Bearer'] }, {}, {}),
          await find({ authentication_schemes: ['Bearer'] }, {}, { token: 'x' })],
         [{ error: 'authentication_required' }, null],
         'foreseen by its limits: no token; and a twin is not');
    same([await find({ max_size: 0 }), await find({ max_size: 0 }, { size: 0 })],
         [{ error: 'content_too_large', limit: 0, requested_size: 5 }, null],
         'an empty file is sent, whatever the limits are');
    same([await find(null), await find({ quota_remaining: 1, allowance_remaining: 1 })],
         [null, null], 'nor is one foreseen where nothing is told, or by what is left');
}

/* A request by node, as nothing but a browser would let a script send it. */
function ask(server, options, content) {
    return new Promise((resolve, reject) => {
        const request = (server.scheme === 'https' ? https : http).request({
            host: '127.0.0.1', port: server.api, rejectUnauthorized: false,
            timeout: 20000, agent: false, ...options,
        }, (response) => {
            let body = '';

            response.setEncoding('utf8');
            response.on('data', (piece) => { body += piece; });
            response.on('end', () => resolve({
                status: response.statusCode, headers: response.headers, body }));
        });

        request.on('error', reject);
        request.on('timeout', () => request.destroy(new Error('no answer')));
        request.end(content);
    });
}

async function preflights(server) {
    const before = server.errors().length;
    const wish = { Origin: server.origin, 'Access-Control-Request-Method': 'PUT',
                   'Access-Control-Request-Headers': 'authorization,content-type' };

    server.closeDesk(true);
    for (const place of ['/files/', '/images/', '/members/', '/desk/', '/old/']) {
        const answer = await ask(server, { method: 'OPTIONS', path: `${place}x.bin`,
                                           headers: wish });

        same([answer.status, answer.headers['access-control-allow-origin'],
              answer.headers['access-control-allow-methods'],
              answer.headers['access-control-allow-headers']],
             [204, server.origin, 'PUT', 'Authorization, Content-Type'],
             `a preflight for ${place} is answered, and allows what it has to`);
    }
    // with no help of mod_rewrite either
    for (const place of ['/files/', '/images/', '/members/', '/desk/']) {
        const answer = await ask(server, { method: 'OPTIONS', path: `${place}x.bin` });

        same([answer.status, answer.headers['expect-policy-error']], [200, undefined],
             `OPTIONS without content is not refused in ${place}`);
    }
    same(server.errors().slice(before).split('\n')
             .filter((line) => line.includes('refused:')), [],
         'and none of it is in the error log');
    const twin = await ask(server, {
        method: 'OPTIONS', path: '/files/x.bin',
        headers: { ...wish, 'Content-Length': '3' } }, 'abc');

    documents.add(twin.body);
    same([twin.status, twin.headers['expect-policy-error']], [405, 'method_not_allowed'],
         'with content, OPTIONS is an upload, and refused');
}

// ------------------------------------------------------- what does not arrive

async function fallBacks(dir, server, page, breaking) {
    const file = sparse(dir, 'small.bin', 1000);
    const codes = {
        content_too_large: 'The file is larger than accepted here.',
        unsupported_content_type: 'This kind of file is not accepted here.',
        authentication_required: 'This place takes files only from people it knows.',
        desk_closed: 'The server did not take the file (desk_closed).',
    };

    for (const way of ['request', 'fetch']) {
        for (const [code, message] of Object.entries(codes)) {
            await page.route('**/files/small.bin', (route) => route.fulfill({
                status: 413, headers: { 'Expect-Policy-Error': code },
                contentType: 'text/html', body: '<h1>Some front end was here</h1>' }));
            const shown = await send(page, { file, place: '/files/', way });

            await page.unroute('**/files/small.bin');
            same([shown.verdict, shown.message, shown.technical['Expect-Policy-Error']],
                 ['Not accepted', message, code],
                 `${way}: without the document, the field alone says ${code}`);
        }
        await setOtherPort(page, breaking.port);
        const cut = await send(page, { file, place: '/cut/', way, other: true });

        same([cut.message, cut.technical.Status, cut.body],
             [codes.content_too_large, '413', ''],
             `${way}: where the connection breaks behind the head, the field is there`);
        const gone = await send(page, { file, place: '/gone/', way, other: true });

        same([gone.verdict, gone.message, gone.technical.Status],
             ['Not accepted', 'The connection ended before there was an answer.', 'none'],
             `${way}: where there is no answer, the page says so`);
        await setOtherPort(page, server.api);
    }
    const both = await upload(dir, server, page, {
        place: '/files/', bytes: 11 * MB, type: 'bin', other: true });

    same(both.technical['Expect-Policy-Error'], 'content_too_large',
         'another origin may read the field where Expose-Headers says so');
    const large = sparse(dir, 'hidden-1.bin', 11 * MB);
    const hidden = await send(page, { file: large, place: '/files/', other: true });

    documents.add(hidden.body);
    same([hidden.technical['Expect-Policy-Error'], hidden.document.error],
         ['none', 'content_too_large'], 'and without it may not, but gets the document');
    const twin = await send(page, { file, place: '/files/', way: 'request' });

    same(twin.verdict, 'Accepted', 'the same small file is accepted by the real place');
    server.forget('small.bin');
}

/* A server that breaks off: behind the head of an answer, or before it. */
async function breakingServer(origin) {
    const server = http.createServer((request, response) => {
        const cors = { 'Access-Control-Allow-Origin': origin(),
                       'Access-Control-Allow-Methods': 'PUT',
                       'Access-Control-Allow-Headers': 'Content-Type',
                       'Access-Control-Expose-Headers': 'Expect-Policy-Error' };

        if (request.method === 'OPTIONS') {
            response.writeHead(204, cors);
            response.end();
            return;
        }
        request.resume();
        request.on('end', () => {
            if (request.url.startsWith('/gone/')) {
                request.socket.destroy();
                return;
            }
            response.writeHead(413, { ...cors, 'Content-Length': 127,
                                      'Content-Type': 'application/json',
                                      'Expect-Policy-Error': 'content_too_large' });
            response.write('{"error":');
            setTimeout(() => request.socket.destroy(), 100);
        });
    });

    await new Promise((resolve, reject) => {
        server.on('error', reject);
        server.listen(0, '127.0.0.1', resolve);
    });
    return { port: server.address().port, close: () => server.close() };
}

// -------------------------------------------------------------- what is shown

async function words(page) {
    const read = (answer) => page.evaluate((one) => {
        const what = window.ExpectPolicy.read(one);

        return { message: what.message, facts: Object.fromEntries(what.facts) };
    }, answer);
    const said = (document) => read({
        status: 417, code: null, body: JSON.stringify(document) });
    const rows = [
        ['a quota', { error: 'quota_exceeded', message: 'm', quota_remaining: 52428800,
                      requested_size: 104857600 },
         { 'Space left': '50 MB', 'Your file': '100 MB' }],
        ['an allowance', { error: 'allowance_exceeded', message: 'm', retry_after: 5400,
                           allowance_remaining: 1536 },
         { 'Left for now': '1.5 KB', 'Try again in': '90 minutes' }],
        ['uploads at once', { error: 'too_many_uploads', message: 'm', limit: 3,
                              retry_after: 1 },
         { 'Uploads at the same time, at most': '3', 'Try again in': '1 second' }],
        ['asking first', { error: 'continue_required', message: 'm', limit: 1024 },
         { 'Largest file without asking first': '1 KB' }],
        ['several failures', { error: 'a', message: 'm', violations:
            ['a', 'content_too_large', 'own_code'] },
         { Also: ['The file is larger than accepted here.', 'own_code'] }],
        ['a cut list', { error: 'a', message: 'm', supported_types: ['a/b'],
                         truncated: true }, { 'Accepted types': ['a/b', 'and more'] }],
        ['lists of all kinds', { error: 'a', message: 'm', allowed_methods: ['PUT'],
            supported_encodings: ['gzip'], supported_expectations: ['100-continue'] },
         { 'Accepted encodings': ['gzip'], 'Accepted methods': ['PUT'],
           'Expectations that are met': ['100-continue'] }],
        ['a file that is too small', { error: 'content_too_small', message: 'm', limit: 2048,
                                       requested_size: 2047 },
         { 'Smallest file': '2 KB', 'Your file': '2 KB' }],
        ['one byte too many', { error: 'content_too_large', message: 'm',
            limit: 1073741824, requested_size: 1073741825 },
         { 'Largest file': '1 GB', 'Your file': '1 byte more than that' }],
        ['a little too much', { error: 'content_too_large', message: 'm',
            limit: 10485760, requested_size: 10485861 },
         { 'Largest file': '10 MB', 'Your file': '10.1 MB' }],
        ['members of wrong types', { error: 'a', message: 'm', limit: '10',
            requested_size: -1, supported_types: 'image/png', details: { a: 1 },
            retry_after: null, violations: [1, {}], allowed_methods: [] }, {}],
    ];

    for (const [title, document, facts] of rows) {
        same(await said(document), { message: 'm', facts }, `in words: ${title}`);
    }
    same((await said({ type: 'urn:x', title: 't', detail: 'd', status: 413 })).message,
         'd', 'in words: a problem document (RFC 9457)');
    for (const body of ['', '[]', 'null', '{', '"x"', '{"message":7,"error":[]}']) {
        same(await read({ status: 502, code: null, body }),
             { message: 'The server did not take the file (status 502).', facts: {} },
             `in words: ${body || 'nothing'} instead of a document`);
    }
    for (const code of ['constructor', '__proto__', 'toString']) {
        same((await read({ status: 403, code, body: '' })).message,
             `The server did not take the file (${code}).`, `in words: a code ${code}`);
    }
}

async function harmless(dir, server, page) {
    const file = sparse(dir, '<img src=x onerror=harm()>.png', 1000);

    await page.exposeFunction('harm', () => { page.harm.push('harm()'); });
    const twin = await send(page, { file, place: '/files/' });

    same(twin.verdict, 'Accepted', 'a file with a name like HTML is accepted');
    server.forget(path.basename(file));
    const shown = await send(page, { file, place: '/hostile/' });

    documents.add(shown.body);
    const made = await page.evaluate(
        () => document.querySelectorAll('#answer img, #answer script').length);

    same([shown.message, made, page.harm],
         ['<img src=x onerror=harm()><script>harm()</script>', 0, []],
         'HTML in a message of the server is shown as it is written');
    const worst = '<b onclick=harm()>x</b>';

    await page.route('**/files/*', (route) => route.fulfill({
        status: 415, contentType: 'application/json',
        headers: { 'Expect-Policy-Error': worst },
        body: JSON.stringify({ error: worst, message: worst, details: worst,
                               supported_types: [worst], violations: [worst, 'x'] }) }));
    const all = await send(page, { file, place: '/files/' });
    const elements = await page.evaluate(
        () => document.querySelectorAll('#answer b').length);

    await page.unroute('**/files/*');
    same([all.message, all.facts.Details, all.facts['Accepted types'], elements,
          page.harm], [worst, worst, [worst], 0, []],
         'nor is any other member ever more than text');
    const policy = await page.evaluate(async () =>
        (await fetch('upload.html')).headers.get('Content-Security-Policy'));

    check(/script-src 'self';/.test(policy || ''),
          'the page comes with a Content-Security-Policy', policy);
}

async function progress(dir, server, page, link) {
    const file = sparse(dir, 'progress.png', 30 * MB);

    await setOtherPort(page, link.port);
    await page.evaluate(() => {
        window.seen = [];
        new MutationObserver(() => {
            const bar = document.getElementById('bar');

            if (bar.hasAttribute('value')) {
                window.seen.push([bar.value, bar.max,
                                  document.getElementById('far').textContent]);
            }
        }).observe(document.getElementById('far'), { childList: true });
    });
    const shown = await send(page, { file, place: '/images/', other: true });
    const seen = await page.evaluate(() => window.seen);
    const rising = seen.every(([value, max, text], i) => max === 30 * MB
        && value >= (i > 0 ? seen[i - 1][0] : 0) && value <= max
        && / of 30 MB \(\d+ %\)$/.test(text));

    check(shown.verdict === 'Accepted' && seen.length >= 3 && rising,
          'the progress bar rises while a file is sent', JSON.stringify(seen));

    const other = sparse(dir, 'cancelled.png', 30 * MB);

    await page.setInputFiles('#file', other);
    await page.evaluate(() => {
        new MutationObserver(() => {
            if (document.getElementById('bar').value > 0) {
                document.getElementById('cancel').click();
            }
        }).observe(document.getElementById('far'), { childList: true });
    });
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('Cancelled.').waitFor();
    same([await page.getByRole('button', { name: 'Send' }).isEnabled(),
          server.stored('progress.png'), server.stored('cancelled.png')],
         [true, 30 * MB, null], 'an upload can be cancelled, and another one begun');
    server.forget('progress.png');
    await setOtherPort(page, server.api);
}

async function forEverybody(dir, browser, server) {
    const file = sparse(dir, `${'long-name-'.repeat(12)}.bin`, 1000);

    for (const colorScheme of ['light', 'dark']) {
        const page = await open(browser, server, {
            colorScheme, viewport: { width: 320, height: 600 } });

        await send(page, { file, place: '/images/' });
        await page.locator('#answer summary').click();
        const sight = await look(page);
        const found = await page.evaluate(() => ({
            seen: document.querySelector('#answer h2').getBoundingClientRect().top
                < innerHeight,
            low: [...document.querySelectorAll('button, select, input[type=file]')]
                .filter((one) => one.checkVisibility()
                    && one.getBoundingClientRect().height < 44).length,
        }));

        check(sight.texts >= 15 && sight.faint.length === 0,
              `${colorScheme}: all text has a contrast of 4.5 at least`,
              JSON.stringify(sight));
        same([sight.wide, found.low, found.seen], [320, 0, true],
             `${colorScheme}: at 320 pixels nothing is cut off or too small to touch,`
             + ' and the answer is in sight');
        await page.context().close();
    }

    const page = await open(browser, server, {});

    for (const label of ['File', 'Where it goes', 'Access token']) {
        check(await page.getByLabel(label, { exact: true }).count() === 1,
              `a control is labelled ${label}`);
    }
    const nameless = await page.evaluate(() =>
        [...document.querySelectorAll('input, select, progress')]
            .filter((one) => one.labels.length === 0).map((one) => one.id));

    same(nameless, [], 'no control is without a label');
    const live = page.getByRole('status');

    same([await live.count(), await live.getAttribute('aria-live')], [1, 'polite'],
         'there is one place that is read out when something comes in');
    // by keyboard alone
    await page.setInputFiles('#file', file);
    await page.getByLabel('File', { exact: true }).focus();
    for (let i = 0; i < 12; i++) {
        if (await page.evaluate(() => document.activeElement.name === 'send')) {
            break;
        }
        await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await live.getByText('Accepted').waitFor();
    check(true, 'a file can be sent by keyboard, and the answer is where it is read out');
    server.forget(path.basename(file));
    await page.context().close();
}

/* Each is as docs/schema says; and who says so would notice if it were not. */
function asTheSchemaSays(dir) {
    const seen = [...documents];
    const wrong = wrongRefusals(dir, seen);
    const other = seen[0].replace('"retryable":', '"retry":');
    const found = wrongRefusals(dir, [...seen, other]);

    check(seen.length >= REFUSALS.length + 2 && wrong === '',
          `all ${seen.length} documents are as docs/schema/refusal.json says`,
          `${wrong}\n${seen.join('\n')}`);
    check(/'retryable' is a required property/.test(found),
          'and with one more, where a member has another name, they are not', found);
}

/* <form method=post>: a person sees the document as the browser shows text. */
async function plainForms(dir, browser, server, transport) {
    const page = await open(browser, server, {});
    const post = async (bytes) => {
        await page.goto(`${server.origin}/form.html`);
        await page.setInputFiles('input', sparse(dir, 'form.bin', bytes));
        const [answer] = await Promise.all([
            page.waitForResponse((one) => one.request().method() === 'POST'),
            page.getByRole('button', { name: 'Send' }).click(),
        ]);

        await page.waitForURL('**/plain/upload.cgi');
        await page.waitForLoadState();
        return [answer.status(), await page.evaluate(() => document.body.innerText)];
    };
    const [status, text] = await post(LARGE);

    documents.add(text);
    check(status === 413 && text.includes('"error":"content_too_large"'),
          `${transport.title}: a refused plain form leaves the document on the screen`,
          `${status} ${text}`);
    // the same as a page
    const harm = [];

    page.on('console', (message) => {
        if (/Content Security Policy/.test(message.text())) {
            harm.push(message.text());
        }
    });
    await page.goto(`${server.origin}/form.html`);
    await page.evaluate(() => { document.querySelector('form').action = '/paged/upload.cgi'; });
    await page.setInputFiles('input', sparse(dir, 'form.bin', LARGE));
    await page.getByRole('button', { name: 'Send' }).click();
    await page.waitForURL('**/paged/upload.cgi');
    const sight = await look(page);

    same([await page.locator('h1').textContent(), sight.faint, harm],
         ['Content too large', [], []],
         `${transport.title}: as a page, it is one that a person can read`);
    check((await page.evaluate(() => document.querySelector('dd:last-of-type').textContent))
          .length > 7, 'and has an id to quote');
    const [good, said] = await post(1000);

    check(good === 200 && /^received \d{4} bytes/.test(said),
          `${transport.title}: a small one is accepted`, `${good} ${said}`);
    await page.context().close();
}

module.exports = async function tests(dir) {
    const began = performance.now();
    let origin, api;
    const breaking = await breakingServer(() => origin);

    const link = await openLink(() => api, 5, 8 * MB);

    makeCertificate(dir);
    const browser = await launch();

    process.stdout.write(`# Chromium ${browser.version()}, node ${process.version}\n`);
    try {
        for (const transport of TRANSPORTS) {
            const server = await startServer(dir, {
                ...transport, morePorts: [breaking.port, link.port] });
            const page = await open(browser, server, {});

            process.stdout.write(`# ${transport.title}\n`);
            await refusals(dir, server, page, transport);
            await beforehand(dir, server, page, transport);
            await plainForms(dir, browser, server, transport);
            if (!transport.tls) {
                ({ origin, api } = server);
                await preflights(server);
                await fallBacks(dir, server, page, breaking);
                await words(page);
                await foreseen(page);
                await noFileIsShown(dir, server);
                await withoutAddress(dir, browser, server);
                await harmless(dir, server, page);
                await progress(dir, server, page, link);
                await forEverybody(dir, browser, server);
            }
            same(page.harm, [], `${transport.title}: no script failed in the end`);
            const crashes = server.errors().split('\n')
                .filter((line) => /AH00052|exit signal|ssertion/.test(line));

            same(crashes, [], `${transport.title}: no child of httpd has died`);
            await page.context().close();
            await stopServers();
        }
        asTheSchemaSays(dir);
        await statusPage(dir, browser, { check, same });
        await stopServers();
    }
    finally {
        breaking.close();
        link.close();
        await browser.close();
    }
    check(count >= FLOOR, `no fewer than ${FLOOR} checks have run`, String(count));
    process.stdout.write(`1..${count}\n# ${
        Math.round((performance.now() - began) / 1000)} seconds\n${
        count - failed} passed, ${failed} failed\n`);
    return failed === 0 ? 0 : 1;
};
