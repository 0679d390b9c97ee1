// Uploads so many bytes by tus-js-client, and prints what it says at the end: one line of
// JSON.   put_tus.mjs PACKAGES URL BYTES CHUNK [at-once]
// at-once: the first part comes with the creation
import { createRequire } from 'module';

const [packages, endpoint, bytes, chunk, how] = process.argv.slice(2);
const tus = createRequire(packages + '/')('tus-js-client');

function say(result) {
    process.stdout.write(JSON.stringify(result) + '\n');
}

const upload = new tus.Upload(Buffer.alloc(Number(bytes), 'x'), {
    endpoint,
    chunkSize: Number(chunk),
    uploadSize: Number(bytes),
    uploadDataDuringCreation: how === 'at-once',
    retryDelays: null,
    onError(error) {
        const answer = error.originalResponse;
        say({
            message: error.message,
            method: error.originalRequest ? error.originalRequest.getMethod() : null,
            status: answer ? answer.getStatus() : null,
            code: answer ? answer.getHeader('Expect-Policy-Error') : null,
            body: answer ? answer.getBody() : null,
        });
    },
    onSuccess() {
        say({ url: upload.url });
    },
});
upload.start();
