/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A slow link in user space: every byte takes its time and no more than so many
 * pass in a second, each way; ends and resets are passed on behind them.
 */
'use strict';

const net = require('net');

/* One direction.  @return what has passed, kept up to date */
function pour(from, to, msec, bytesPerSecond, count) {
    // how much may be under way: what fills the link, and a router's buffer
    const most = bytesPerSecond * msec / 1000 + 128 * 1024;
    let waiting = 0;
    // when the last byte that was taken will have left this end
    let free = 0;

    function after(bytes, then) {
        const now = performance.now();

        free = Math.max(free, now) + bytes / bytesPerSecond * 1000;
        setTimeout(then, free + msec - now);
    }
    from.on('data', (piece) => {
        waiting += piece.length;
        if (waiting > most) {
            from.pause();
        }
        after(piece.length, () => {
            waiting -= piece.length;
            if (waiting <= most) {
                from.resume();
            }
            if (!to.destroyed && to.writable) {
                count(piece.length);
                to.write(piece);
            }
        });
    });
    from.on('end', () => after(0, () => to.end()));
    from.on('error', () => after(0, () => {
        // node cannot reset what it has half closed; the kernel will, since
        // there is somebody who goes on sending
        if (to.writableEnded) {
            to.destroy();
        }
        else if (!to.destroyed) {
            to.resetAndDestroy();
        }
    }));
    from.on('close', (hadError) => {
        if (!hadError) {
            after(0, () => to.destroySoon());
        }
    });
}

/*
 * @param toPort a function that returns the port, when somebody connects
 * @param msec one way; half of a round trip
 * @return port; sent(): bytes that came through towards the server since the
 *         last call; close()
 */
async function openLink(toPort, msec, bytesPerSecond) {
    const sockets = new Set();
    let sent = 0;

    const server = net.createServer({ allowHalfOpen: true }, (client) => {
        const upstream = net.connect({ port: toPort(), host: '127.0.0.1',
                                       allowHalfOpen: true });

        for (const socket of [client, upstream]) {
            sockets.add(socket);
            socket.setNoDelay(true);
            socket.on('close', () => sockets.delete(socket));
        }
        pour(client, upstream, msec, bytesPerSecond, (n) => { sent += n; });
        pour(upstream, client, msec, bytesPerSecond, () => {});
    });
    await new Promise((resolve, reject) => {
        server.on('error', reject);
        server.listen(0, '127.0.0.1', resolve);
    });
    return {
        port: server.address().port,
        sent: () => { const n = sent; sent = 0; return n; },
        close: () => {
            server.close();
            for (const socket of sockets) {
                socket.destroy();
            }
        },
    };
}

module.exports = { openLink };
