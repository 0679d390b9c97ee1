/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* httpd with conf-examples/browser.conf, in a directory of its own. */
'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');
const { spawn, execFileSync } = require('child_process');

const running = new Set();

function program(wanted, ...names) {
    if (wanted) {
        return wanted;
    }
    for (const name of names) {
        for (const place of process.env.PATH.split(':')) {
            if (fs.existsSync(path.join(place, name))) {
                return path.join(place, name);
            }
        }
    }
    throw new Error(`none of ${names.join(', ')} is there`);
}

/* Ports that are free now, and differ. */
async function freePorts(count) {
    const servers = [];

    for (let i = 0; i < count; i++) {
        const server = net.createServer();

        await new Promise((resolve, reject) => {
            server.on('error', reject);
            server.listen(0, '127.0.0.1', resolve);
        });
        servers.push(server);
    }
    const ports = servers.map((server) => server.address().port);

    await Promise.all(servers.map(
        (server) => new Promise((resolve) => server.close(resolve))));
    return ports;
}

function makeCertificate(dir) {
    execFileSync(program(process.env.OPENSSL, 'openssl'), [
        'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
        '-nodes', '-days', '2', '-subj', '/CN=localhost',
        '-addext', 'subjectAltName=IP:127.0.0.1',
        '-keyout', path.join(dir, 'key.pem'), '-out', path.join(dir, 'cert.pem'),
    ], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/* What is not in browser.conf: the transport, and places for single tests. */
function wrapper(dir, home, ask) {
    const tls = [
        'LoadModule ssl_module ${EP_MODULES}/mod_ssl.so',
        'SSLSessionCache none',
        'SSLEngine On',
        `SSLCertificateFile "${dir}/cert.pem"`,
        `SSLCertificateKeyFile "${dir}/key.pem"`,
    ];

    return [
        `Include "${dir}/browser.conf"`,
        'LoadModule http2_module ${EP_MODULES}/mod_http2.so',
        'LoadModule cgid_module ${EP_MODULES}/mod_cgid.so',
        `ScriptSock "${home}/run/cgid.sock"`,
        'StartServers 1',
        'ThreadsPerChild 25',
        'Timeout 30',
        `Protocols ${ask.protocol}`,
        ...(ask.tls ? tls : []),
        ask.morePorts ? `<Location "/upload.html">
    Header edit Content-Security-Policy "connect-src" "connect-src ${
    ask.morePorts.map((one) => `${ask.tls ? 'https' : 'http'}://127.0.0.1:${one}`).join(' ')}"
</Location>` : '',
        ask.linger ? `<Location "/">\n    ExpectPolicyLinger ${ask.linger}\n</Location>` : '',
        `
ScriptAlias /plain/ "${home}/cgi-bin/"
<Directory "${home}/cgi-bin">
    Require all granted
</Directory>
<Location "/plain/">
    ExpectPolicyMethods POST
</Location>
ScriptAlias /paged/ "${home}/cgi-bin/"
<Location "/paged/">
    ExpectPolicyMethods POST
    ExpectPolicyFormat Negotiate
</Location>
# text that would be harm, were it taken for HTML
<Location "/hostile/">
    ExpectPolicyRefuse hostile "<img src=x onerror=harm()><script>harm()</script>"
</Location>
# one that tells no limits
<Location "/silent/">
    ExpectPolicyAdvertise Off
</Location>
Alias /silent/ "${home}/www/uploads/"
# another origin that does not say that the code may be read
<LocationMatch "^/files/hidden-">
    Header always unset Access-Control-Expose-Headers
</LocationMatch>
`,
    ].join('\n');
}

/* The same for conf-examples/status.conf. */
function statusWrapper(dir) {
    return [
        `Include "${dir}/status.conf"`,
        'StartServers 1',
        'ThreadsPerChild 25',
        // the first one is for whoever asks by any name
        '<VirtualHost ${EP_ADDRESS}:${EP_PORT}>',
        '    ServerName "<b>x</b>\'&.test"',
        '</VirtualHost>',
    ].join('\n');
}

/*
 * @param ask name: of the directory; tls: true or false; protocol: as in
 *        Protocols; linger: to be used in all places; morePorts: to which the page
 *        may connect, too; status: conf-examples/status.conf instead, with its
 *        page on the other port
 * @return origin, and api, the other one; home; log(); stored(name)
 */
async function startServer(dir, ask) {
    const home = path.join(dir, ask.name);

    for (const part of ['run', 'logs', 'www/uploads', 'www/uploads-lock', 'cgi-bin']) {
        fs.mkdirSync(path.join(home, part), { recursive: true });
    }
    fs.cpSync(path.join(dir, 'html'), path.join(home, 'www/html'), { recursive: true });
    fs.copyFileSync(path.join(dir, 't/form.html'), path.join(home, 'www/html/form.html'));
    fs.copyFileSync(path.join(dir, 't/upload.cgi'), path.join(home, 'cgi-bin/upload.cgi'));
    fs.chmodSync(path.join(home, 'cgi-bin/upload.cgi'), 0o755);
    fs.writeFileSync(path.join(home, 'httpd.conf'),
                     ask.status ? statusWrapper(dir) : wrapper(dir, home, ask));

    for (let attempt = 0; attempt < 3; attempt++) {
        const [port, api] = await freePorts(2);
        const scheme = ask.tls ? 'https' : 'http';
        // a link in front of the server makes the page's ports others
        const front = ask.front ? await ask.front(port) : undefined;
        const origin = `${scheme}://127.0.0.1:${front ? front.port : port}`;
        const define = {
            EP_MODULE: path.join(dir, 'mod_expect_policy.so'),
            EP_ADDRESS: '127.0.0.1', EP_PORT: port, EP_API_PORT: api,
            EP_STATUS_PORT: api,
            EP_PAGE_ORIGIN: origin,
            EP_API_ORIGIN: `${scheme}://127.0.0.1:${api}`,
            EP_ROOT: path.join(home, 'www'), EP_LOGS: path.join(home, 'logs'),
            EP_RUN: path.join(home, 'run'),
        };
        const said = fs.openSync(path.join(home, 'logs/start.log'), 'w');
        const httpd = spawn(program(process.env.HTTPD, 'apache2', 'httpd'), [
            '-D', 'FOREGROUND', '-f', path.join(home, 'httpd.conf'),
            ...Object.entries(define).flatMap(
                ([name, value]) => ['-C', `Define ${name} "${value}"`]),
        ], { detached: true, stdio: ['ignore', said, said], cwd: home });
        let ended = false;

        fs.closeSync(said);
        running.add(httpd);
        httpd.on('exit', () => {
            ended = true;
            running.delete(httpd);
        });
        httpd.on('error', () => { ended = true; });
        for (let tries = 0; tries < 300 && !ended; tries++) {
            if (await answers(port) && await answers(api)) {
                return server(home, port, api, scheme, origin, front);
            }
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        httpd.kill('SIGTERM');
        if (front) {
            front.close();
        }
    }
    throw new Error(`httpd did not start:\n${
        fs.readFileSync(path.join(home, 'logs/start.log'), 'utf8')}${
        readIfThere(path.join(home, 'logs/error.log'))}`);
}

function server(home, port, api, scheme, origin, front) {
    return {
        home, port, api, scheme, origin, front,
        apiOrigin: `${scheme}://127.0.0.1:${api}`,
        errors: () => readIfThere(path.join(home, 'logs/error.log')),
        /* The access log's lines that have the text in their request line. */
        requests: (text) => readIfThere(path.join(home, 'logs/browser.log')).split('\n')
            .filter((line) => (line.split('"')[1] || '').includes(text)),
        stored: (name) => {
            try {
                return fs.statSync(path.join(home, 'www/uploads', name)).size;
            }
            catch (error) {
                return null;
            }
        },
        forget: (name) => fs.rmSync(path.join(home, 'www/uploads', name),
                                    { force: true }),
        closeDesk: (closed) => {
            const file = path.join(home, 'www/desk-is-closed');

            if (closed) {
                fs.writeFileSync(file, '');
            }
            else {
                fs.rmSync(file, { force: true });
            }
        },
    };
}

function readIfThere(file) {
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
}

function answers(port) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1');

        socket.on('connect', () => { socket.destroy(); resolve(true); });
        socket.on('error', () => resolve(false));
    });
}

async function stopServers() {
    const all = [...running].map((httpd) => new Promise((resolve) => {
        const timer = setTimeout(() => httpd.kill('SIGKILL'), 10000);

        httpd.on('exit', () => { clearTimeout(timer); resolve(); });
        httpd.kill('SIGTERM');
    }));

    await Promise.all(all);
}

module.exports = { startServer, stopServers, makeCertificate, program };
