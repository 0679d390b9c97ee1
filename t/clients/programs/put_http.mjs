// Licensed under the Apache License, Version 2.0; see LICENSE.
import fs from 'node:fs';
import http from 'node:http';

const [url, path, expect, limit] = process.argv.slice(2);
const start = performance.now();
const took = () => ((performance.now() - start) / 1000).toFixed(3);
const headers = { 'Content-Length': fs.statSync(path).size };
if (Number(expect)) {
    headers.Expect = '100-continue';
}
function fail(error) {
    console.log(`error=${error.code || error.message} seconds=${took()}`);
    process.exit();
}
const request = http.request(url, { method: 'PUT', headers, agent: false });
request.on('error', fail);
request.on('response', (answer) => {
    let body = '';
    answer.setEncoding('utf8');
    answer.on('data', (piece) => { body += piece; });
    answer.on('error', fail);
    answer.on('end', () => {
        process.stdout.write(
            `status=${answer.statusCode} seconds=${took()}\n\n${body}`,
            () => process.exit());
    });
});
const send = () => fs.createReadStream(path).pipe(request);
if (Number(expect)) {
    request.on('continue', send);
} else {
    send();
}
setTimeout(() => fail({ code: 'timeout' }), Number(limit) * 1000);
