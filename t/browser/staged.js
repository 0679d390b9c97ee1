/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Started by run, as an ordinary user, in the directory made for it. */
'use strict';

const { stopServers } = require('./httpd');

const [what, dir] = process.argv.slice(2);
const work = { test: './tests', measure: './measure', shots: './shots' };

require(work[what])(dir)
    .then((status) => { process.exitCode = status; })
    .catch((error) => {
        process.stdout.write(`Bail out! ${error.stack}\n`);
        process.exitCode = 1;
    })
    .finally(async () => {
        await stopServers();
        // whatever is still open
        process.exit();
    });
