# Licensed under the Apache License, Version 2.0; see LICENSE.
import os
import sys
import time

import httpx

url, path, expect, seconds = sys.argv[1:]
headers = {'Content-Length': str(os.path.getsize(path))}
if int(expect):
    headers['Expect'] = '100-continue'
start = time.monotonic()
try:
    with httpx.Client(trust_env=False, timeout=float(seconds)) as client:
        with open(path, 'rb') as file:
            answer = client.put(url, content=file, headers=headers)
    print('status=%d seconds=%.3f\n\n%s' % (
        answer.status_code, time.monotonic() - start, answer.text), end='')
except httpx.HTTPError as error:
    print('error=%r seconds=%.3f' % (error, time.monotonic() - start))
