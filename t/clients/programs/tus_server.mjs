// A server of tus 1.0.0 that stores uploads in a directory and tells each request that
// reaches it on a line.   tus_server.mjs PORT DIRECTORY
import fs from 'fs';
import http from 'http';

const [port, directory] = process.argv.slice(2);
const length = new Map();
let last = 0;

function offset(name) {
    return fs.statSync(`${directory}/${name}`).size;
}

function store(request, name, then) {
    const file = fs.createWriteStream(`${directory}/${name}`, { flags: 'a' });

    request.pipe(file);
    file.on('finish', then);
}

http.createServer((request, answer) => {
    const name = request.url.split('/').pop();
    const end = (status, fields = {}) => {
        answer.writeHead(status, { 'Tus-Resumable': '1.0.0', 'Content-Length': 0, ...fields });
        answer.end();
    };

    fs.appendFileSync(`${directory}/../seen`, `${request.method} ${request.url}\n`);
    if (request.method === 'POST') {
        const made = `upload${++last}`;

        length.set(made, request.headers['upload-length']);
        store(request, made, () => end(201, {
            Location: `/files/${made}`, 'Upload-Offset': offset(made),
        }));
    }
    else if (!length.has(name)) {
        end(404);
    }
    else if (request.method === 'PATCH') {
        if (Number(request.headers['upload-offset']) !== offset(name)) {
            end(409);
            return;
        }
        store(request, name, () => end(204, { 'Upload-Offset': offset(name) }));
    }
    else {
        end(200, { 'Upload-Offset': offset(name), 'Upload-Length': length.get(name) });
    }
}).listen(Number(port), '127.0.0.1');
