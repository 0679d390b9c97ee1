# Licensed under the Apache License, Version 2.0; see LICENSE.
import asyncio
import sys
import time

import aiohttp


async def put(url, path, expect, seconds):
    limit = aiohttp.ClientTimeout(total=float(seconds))
    start = time.monotonic()
    try:
        async with aiohttp.ClientSession(timeout=limit) as session:
            with open(path, 'rb') as file:
                async with session.put(
                        url, data=file, expect100=bool(int(expect))) as answer:
                    body = await answer.text()
        print('status=%d seconds=%.3f\n\n%s' % (
            answer.status, time.monotonic() - start, body), end='')
    except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
        print('error=%r seconds=%.3f' % (error, time.monotonic() - start))

asyncio.run(put(*sys.argv[1:]))
