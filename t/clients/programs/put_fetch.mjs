// Licensed under the Apache License, Version 2.0; see LICENSE.
import fs from 'node:fs';

const [url, path, expect, limit] = process.argv.slice(2);
const start = performance.now();
const took = () => ((performance.now() - start) / 1000).toFixed(3);
try {
    const answer = await fetch(url, {
        method: 'PUT',
        body: await fs.promises.readFile(path),
        headers: Number(expect) ? { Expect: '100-continue' } : {},
        signal: AbortSignal.timeout(Number(limit) * 1000),
    });
    const body = await answer.text();
    process.stdout.write(`status=${answer.status} seconds=${took()}\n\n${body}`,
                         () => process.exit());
} catch (error) {
    console.log(`error=${error.cause?.code || error.cause?.message
        || error.message} seconds=${took()}`);
    process.exit();
}
