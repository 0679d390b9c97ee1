/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Sends a file, and explains in plain words why it was refused.
 *
 *   ExpectPolicy.limits(url, options)       what the place takes, as it says itself
 *   ExpectPolicy.foresee(file, limits, options)   the refusal, if it is certain
 *   ExpectPolicy.send(file, url, options)   by XMLHttpRequest or fetch
 *   ExpectPolicy.read(answer)               the meaning of the answer, in words
 *   ExpectPolicy.size(bytes, up)            "10 MB"
 *
 * The rest is the page, upload.html.  Text from a server is only shown as text: no
 * code here makes HTML from a string.
 */
'use strict';

window.ExpectPolicy = (function () {
    const HEADER = 'Expect-Policy-Error';

    /*
     * For each code: the reason, used if the document is missing and only the
     * header field was received; and what the user can do.
     */
    const WORDS = {
        unsupported_expectation: [
            'The server does not meet what the browser asked of it.', ''],
        continue_required: [
            'A file of this size has to be announced first.',
            'Browsers cannot do that. Send a smaller file, or use another'
            + ' program, such as curl.'],
        method_not_allowed: [
            'Files cannot be sent to this place in this way.', ''],
        authentication_required: [
            'This place takes files only from people it knows.',
            'Enter your access token above, and send the file again.'],
        unsupported_content_type: [
            'This kind of file is not accepted here.',
            'Save or export it in an accepted format, and send that.'],
        unsupported_content_encoding: [
            'Files that are packed in this way are not accepted here.',
            'Send the file as it is.'],
        length_required: [
            'The server must be told how large the file is.', ''],
        malformed_content_range: [
            'The server cannot tell which part of the file this is.', ''],
        content_too_large: [
            'The file is larger than accepted here.',
            'Choose a smaller file, or make this one smaller.'],
        content_too_small: [
            'The file is smaller than accepted here.',
            'Choose a larger file.'],
        insufficient_storage: [
            'There is not enough room left on the server.',
            'Try again later, or send a smaller file.'],
        quota_exceeded: [
            'The file does not fit into the space that is left.',
            'Remove what is not needed any more, or send a smaller file.'],
        allowance_exceeded: [
            'You have sent as much as is allowed for now.',
            'Wait, and send the file again.'],
        too_many_uploads: [
            'Too many uploads are under way.',
            'Wait until one has ended, and send the file again.'],
        ledger_unavailable: [
            'The server cannot tell at the moment whether there is room.',
            'Try again in a while.'],
        // errors of httpd's other modules (ExpectPolicyEarlyErrors)
        unauthorized: [
            'This place takes files only from people it knows.',
            'Sign in, and send the file again.'],
        forbidden: [
            'You may not send files to this place.', ''],
        not_found: [
            'There is no such place on the server.',
            'Choose another place.'],
        method_not_supported: [
            'This place does not take files.', 'Choose another place.'],
        conflict: [
            'The folder that the file should go to does not exist.', ''],
        request_too_large: [
            'The file is larger than accepted here.',
            'Choose a smaller file, or make this one smaller.'],
        locked: [
            'Somebody else is working on this file.', 'Try again later.'],
        service_unavailable: [
            'The server cannot take files at the moment.',
            'Try again in a while.'],
    };

    const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'];

    /*
     * The size in a unit that fits (powers of 1024, as the server counts).
     * One decimal, rounded down, or up: so that a limit is never promised
     * larger, and a file never shown smaller, than it is.
     */
    function size(bytes, up) {
        let unit = 0;

        while (bytes >= 1024 && unit < UNITS.length - 1) {
            bytes /= 1024;
            unit++;
        }
        // without the last digits, which are not exact
        const tenths = Number((bytes * 10).toFixed(6));
        const shown = (up ? Math.ceil(tenths) : Math.floor(tenths)) / 10;
        return shown.toLocaleString('en') + ' '
            + (unit === 0 && shown === 1 ? 'byte' : UNITS[unit]);
    }

    function span(seconds) {
        const [number, unit] = seconds < 100 ? [seconds, 'second']
            : seconds < 100 * 60 ? [seconds / 60, 'minute']
            : seconds < 36 * 3600 ? [seconds / 3600, 'hour']
            : [seconds / 86400, 'day'];
        const whole = Math.ceil(number);

        return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
    }

    /* A member of another type or form is treated as missing. */
    function text(value) {
        return typeof value === 'string' && value !== '' ? value : undefined;
    }

    function number(value) {
        return Number.isFinite(value) && value >= 0 ? value : undefined;
    }

    function names(value) {
        const list = Array.isArray(value)
            ? value.filter((name) => text(name) !== undefined) : [];

        return list.length > 0 ? list : undefined;
    }

    /* @return the object that a text is in JSON, else undefined */
    function parse(body) {
        try {
            const value = JSON.parse(body);

            return value !== null && typeof value === 'object'
                && !Array.isArray(value) ? value : undefined;
        }
        catch (error) {
            return undefined;
        }
    }

    /* The limit and the size of the upload: pairs of a label and a text, or of a
     * label and a list of texts. */
    function facts(code, said) {
        const found = [];
        const add = (label, value) => {
            if (value !== undefined) {
                found.push([label, value]);
            }
        };
        const list = (label, value) => {
            add(label, value && said.truncated === true
                ? [...value, 'and more'] : value);
        };
        const bytes = (label, value, up) => {
            add(label, value === undefined ? undefined : size(value, up));
        };
        const limit = number(said.limit);
        const asked = number(said.requested_size);

        list('Accepted types', names(said.supported_types));
        list('Accepted encodings', names(said.supported_encodings));
        list('Accepted methods', names(said.allowed_methods));
        list('Expectations that are met', names(said.supported_expectations));
        if (code === 'too_many_uploads') {
            add('Uploads at the same time, at most',
                limit === undefined ? undefined : String(limit));
        }
        else if (code === 'continue_required') {
            bytes('Largest file without asking first', limit);
        }
        else {
            bytes(code === 'content_too_small' ? 'Smallest file' : 'Largest file', limit);
        }
        bytes('Space left', number(said.quota_remaining));
        bytes('Left for now', number(said.allowance_remaining));
        if (limit !== undefined && asked !== undefined && asked > limit
            && size(limit) === size(asked, true)) {
            add('Your file', `${(asked - limit).toLocaleString('en')} byte`
                + `${asked - limit === 1 ? '' : 's'} more than that`);
        }
        else {
            bytes('Your file', asked, true);
        }
        if (number(said.retry_after) !== undefined) {
            add('Try again in', span(said.retry_after));
        }
        add('Details', text(said.details));

        const others = (names(said.violations) || [])
            .filter((name) => name !== code)
            .map((name) => (Object.hasOwn(WORDS, name) ? WORDS[name][0] : name));
        add('Also', names(others));
        return found;
    }

    /*
     * What an answer says, in words.
     *
     * @param answer what send() made: status (0 if none was seen), code (of
     *        the header field, or null), body (text, '' if it did not come)
     * @return accepted; code, if known; id: the request's in the server's logs, if
     *         known; message: what was wrong; facts: what is allowed, pairs of a label
     *         and a text or a list of texts; advice: what one can do, or ''
     */
    function read(answer) {
        if (answer.status >= 200 && answer.status < 300) {
            return { accepted: true, code: undefined, facts: [], advice: '',
                     message: 'The file has arrived.' };
        }

        const said = parse(answer.body) || {};
        const code = text(said.error) || text(answer.code);
        const words = code !== undefined && Object.hasOwn(WORDS, code)
            ? WORDS[code] : undefined;
        // a problem document (RFC 9457) says detail and title
        let message = text(said.message) || text(said.detail)
            || text(said.title) || (words && words[0]);
        let advice = words ? words[1] : '';

        if (message === undefined && answer.status === 0) {
            message = 'The connection ended before there was an answer.';
            advice = 'Perhaps the file is not accepted and the server hung up,'
                + ' or the network failed. A small file will tell.';
        }
        else if (message === undefined) {
            message = 'The server did not take the file'
                + ` (${code || `status ${answer.status}`}).`;
        }
        return { accepted: false, code, id: text(said.id), message, advice,
                 facts: facts(code, said) };
    }

    function headersFor(options) {
        return options.token ? { Authorization: `Bearer ${options.token}` } : {};
    }

    function typeOf(file) {
        return file.type || 'application/octet-stream';
    }

    /*
     * What the place tells of its limits (ExpectPolicyAdvertise).  Rejects only if it
     * is cancelled.
     *
     * @param options token and signal, as of send()
     * @return the document of docs/schema/limits.json; null: the place tells none
     */
    async function limits(url, options) {
        const ask = new URL(url);

        ask.search = 'expect-policy-limits=PUT';
        try {
            const response = await fetch(ask, { headers: headersFor(options),
                                                signal: options.signal, cache: 'no-store' });
            const said = response.ok ? parse(await response.text()) : undefined;

            return said && said.method === 'PUT' ? said : null;
        }
        catch (error) {
            if (options.signal && options.signal.aborted) {
                throw error;
            }
            return null;
        }
    }

    /* @return true if a media range, such as image/png or image/ and a star, has the type */
    function covers(range, type) {
        const [wanted, given] = [range.toLowerCase(), type.toLowerCase()];

        return wanted === '*/*' || wanted === given
            || (wanted.endsWith('/*') && given.startsWith(wanted.slice(0, -1)));
    }

    /* @return the document that the server would refuse the file with; undefined: it may
     * take it.  In the order of the server's checks. */
    function refusal(file, said, options) {
        const types = names(said.supported_types);
        const over = (limit) => limit !== undefined && file.size > limit;

        if (over(number(said.continue_above))) {
            return { error: 'continue_required', limit: said.continue_above };
        }
        if (names(said.allowed_methods) && !said.allowed_methods.includes('PUT')
            && said.truncated !== true) {
            return { error: 'method_not_allowed', allowed_methods: said.allowed_methods };
        }
        if (names(said.authentication_schemes) && !options.token) {
            return { error: 'authentication_required' };
        }
        if (said.refused && text(said.refused.error)) {
            return { error: said.refused.error, message: text(said.refused.message) };
        }
        if (types && said.truncated !== true
            && !types.some((range) => covers(range, typeOf(file)))) {
            return { error: 'unsupported_content_type', supported_types: types };
        }
        if (over(number(said.max_size))) {
            return { error: 'content_too_large', limit: said.max_size,
                     requested_size: file.size };
        }
        if (file.size < (number(said.min_size) || 0)) {
            return { error: 'content_too_small', limit: said.min_size,
                     requested_size: file.size };
        }
        return undefined;
    }

    /*
     * Whether the server is certain to refuse a file, by the limits that it has told.
     * Space that is left does not count: the file may replace another one.
     *
     * @param said what limits() has found, or null
     * @param options token, as of send()
     * @return what read() takes, with foreseen: true; null: send the file
     */
    function foresee(file, said, options) {
        // an empty file is no upload
        const document = said && file.size > 0 ? refusal(file, said, options) : undefined;

        return document ? { foreseen: true, status: 0, code: document.error,
                            body: JSON.stringify(document) } : null;
    }

    function byRequest(file, url, options) {
        return new Promise((resolve, reject) => {
            const request = new XMLHttpRequest();
            const answer = { status: 0, code: null, body: '' };

            request.open('PUT', url);
            for (const [name, value] of Object.entries(options.headers)) {
                request.setRequestHeader(name, value);
            }
            request.upload.addEventListener('progress', (event) => {
                options.progress(event.loaded, event.total);
            });
            // Status and fields arrive before the document, and are lost if the
            // connection ends in between.
            request.addEventListener('readystatechange', () => {
                if (request.readyState === XMLHttpRequest.HEADERS_RECEIVED
                    && request.status !== 0) {
                    answer.status = request.status;
                    answer.code = request.getResponseHeader(HEADER);
                }
            });
            request.addEventListener('load', () => {
                answer.body = request.responseText;
            });
            request.addEventListener('loadend', () => {
                if (options.signal.aborted) {
                    reject(options.signal.reason);
                }
                else {
                    resolve(answer);
                }
            });
            options.signal.addEventListener('abort', () => request.abort());
            request.send(file);
        });
    }

    async function byFetch(file, url, options) {
        const answer = { status: 0, code: null, body: '' };

        try {
            const response = await fetch(url, {
                method: 'PUT', body: file, headers: options.headers,
                signal: options.signal, cache: 'no-store',
            });

            answer.status = response.status;
            answer.code = response.headers.get(HEADER);
            answer.body = await response.text();
        }
        catch (error) {
            // the answer is what was received so far
            if (options.signal.aborted) {
                throw error;
            }
        }
        return answer;
    }

    /*
     * Sends a file.  Rejects only if it is cancelled.
     *
     * @param options way: 'request' (the default) or 'fetch', which cannot
     *        tell how far it is; token: of Authorization: Bearer; progress:
     *        called with the bytes sent and all bytes; signal: to cancel
     * @return what read() takes
     */
    function send(file, url, options) {
        const headers = { 'Content-Type': typeOf(file), ...headersFor(options) };

        return (options.way === 'fetch' ? byFetch : byRequest)(file, url, {
            headers,
            progress: options.progress || (() => {}),
            signal: options.signal || new AbortController().signal,
        });
    }

    return { limits, foresee, send, read, size };
}());

document.addEventListener('DOMContentLoaded', () => {
    const form = document.getElementById('form');
    const chosen = document.getElementById('chosen');
    const underWay = document.getElementById('under-way');
    const bar = document.getElementById('bar');
    const far = document.getElementById('far');
    const answerPlace = document.getElementById('answer');
    let cancel = null;

    /* The only way in which the page gets new content: as text. */
    function element(tag, content, className) {
        const made = document.createElement(tag);

        if (className) {
            made.className = className;
        }
        if (Array.isArray(content)) {
            made.append(...content);
        }
        else {
            made.textContent = content;
        }
        return made;
    }

    /* The address that a file goes to. */
    function address(file) {
        const server = form.elements.server.selectedOptions[0];

        return new URL(form.elements.place.value + encodeURIComponent(file.name),
                       server.dataset.origin || location.href);
    }

    /* The other server is offered only where the configuration has named it. */
    for (const option of form.elements.server.querySelectorAll('[data-origin]')) {
        if (!/^https?:\/\/[^/\s]+$/.test(option.dataset.origin)) {
            option.remove();
        }
    }

    function showProgress(sent, all) {
        // after the last byte, and always with fetch, there is no progress to show
        if (sent === undefined || sent >= all) {
            bar.removeAttribute('value');
            far.textContent = sent === undefined
                ? 'Sending…' : 'All sent; waiting for the answer…';
            return;
        }
        bar.max = all;
        bar.value = sent;
        far.textContent = `${ExpectPolicy.size(sent)} of `
            + `${ExpectPolicy.size(all)} (${Math.floor(100 * sent / all)} %)`;
    }

    function showAnswer(file, answer) {
        const what = ExpectPolicy.read(answer);
        const card = element('div', [], what.accepted ? 'good' : 'bad');

        card.append(element('p', what.accepted ? 'Accepted'
                            : answer.foreseen ? 'Not sent' : 'Not accepted', 'verdict'),
                    element('h2', what.message));
        if (what.accepted) {
            card.append(element('p', `${file.name}, `
                                + ExpectPolicy.size(file.size, true)));
        }
        if (what.facts.length > 0) {
            const list = element('dl', []);

            for (const [label, value] of what.facts) {
                list.append(element('div', [
                    element('dt', label),
                    Array.isArray(value)
                        ? element('dd', [element('ul', value.map(
                            (name) => element('li', name)))])
                        : element('dd', value),
                ]));
            }
            card.append(list);
        }
        if (what.advice) {
            card.append(element('p', what.advice, 'advice'));
        }
        if (!what.accepted && !answer.foreseen) {
            card.append(element('details', [
                element('summary', 'For whoever helps you'),
                element('dl', [
                    ['Sent to', address(file).href],
                    ['Status', answer.status === 0
                        ? 'none' : String(answer.status)],
                    ['Expect-Policy-Error', answer.code || 'none'],
                    ['Request', what.id || 'unknown'],
                ].map(([label, value]) => element('div', [
                    element('dt', label), element('dd', value)]))),
                element('pre', answer.body.slice(0, 4096)),
            ]));
        }
        answerPlace.replaceChildren(card);
        // on a phone, it would be below the form and not visible
        card.scrollIntoView({ block: 'nearest' });
    }

    /* Asks first, if that is wanted, and sends what may be taken. */
    async function sendFile(file, options) {
        const url = address(file);
        const said = form.elements.first.checked
            ? await ExpectPolicy.limits(url, options) : null;

        return ExpectPolicy.foresee(file, said, options)
            || ExpectPolicy.send(file, url, options);
    }

    form.elements.file.addEventListener('change', () => {
        const file = form.elements.file.files[0];

        answerPlace.replaceChildren();
        chosen.textContent = file
            ? `${ExpectPolicy.size(file.size, true)}, `
                + (file.type || 'of unknown type')
            : '';
    });

    document.getElementById('cancel').addEventListener('click', () => {
        if (cancel) {
            cancel.abort();
        }
    });

    form.addEventListener('submit', async (event) => {
        const file = form.elements.file.files[0];
        const way = form.elements.way.value;

        event.preventDefault();
        if (!file || cancel) {
            return;
        }
        cancel = new AbortController();
        answerPlace.replaceChildren();
        form.elements.send.disabled = true;
        underWay.hidden = false;
        underWay.scrollIntoView({ block: 'nearest' });
        showProgress();
        try {
            showAnswer(file, await sendFile(file, {
                way, token: form.elements.token.value.trim(),
                progress: showProgress, signal: cancel.signal,
            }));
        }
        catch (error) {
            answerPlace.replaceChildren(element('p', cancel.signal.aborted
                ? 'Cancelled.' : String(error)));
        }
        finally {
            cancel = null;
            form.elements.send.disabled = false;
            underWay.hidden = true;
        }
    });
});
