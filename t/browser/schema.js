/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* What docs/schema says of documents, asked of Python's jsonschema. */
'use strict';

const fs = require('fs');
const path = require('path');
const { spawnSync } = require('child_process');

/*
 * One run for all of them: it takes a third of a second to start.
 *
 * @param texts the documents of refusals, as they came
 * @return what is wrong with them, '' for nothing
 */
function wrongRefusals(dir, texts) {
    const files = texts.map((text, index) => {
        const file = path.join(dir, `document-${index}.json`);

        fs.writeFileSync(file, text);
        return file;
    });
    const run = spawnSync('/usr/bin/python3', [
        '-W', 'ignore', '-m', 'jsonschema', ...files.flatMap((file) => ['-i', file]),
        path.join(dir, 'schema/refusal.json')], { encoding: 'utf8', timeout: 60000 });

    return run.status === 0 ? ''
        : [run.error, run.stdout, run.stderr, `exit ${run.status}`].join('\n');
}

module.exports = { wrongRefusals };
