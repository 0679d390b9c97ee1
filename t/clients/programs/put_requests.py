# Licensed under the Apache License, Version 2.0; see LICENSE.
import sys
import time

import requests

url, path, expect, seconds = sys.argv[1:]
session = requests.Session()
session.trust_env = False
start = time.monotonic()
try:
    with open(path, 'rb') as file:
        answer = session.put(
            url, data=file, timeout=float(seconds),
            headers={'Expect': '100-continue'} if int(expect) else {})
    print('status=%d seconds=%.3f\n\n%s' % (
        answer.status_code, time.monotonic() - start, answer.text), end='')
except requests.RequestException as error:
    print('error=%r seconds=%.3f' % (error, time.monotonic() - start))
