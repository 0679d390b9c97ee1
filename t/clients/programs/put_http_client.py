# Licensed under the Apache License, Version 2.0; see LICENSE.
import http.client
import os
import sys
import time
import urllib.parse

url, path, expect, seconds = sys.argv[1:]
place = urllib.parse.urlsplit(url)
headers = {'Content-Length': str(os.path.getsize(path))}
if int(expect):
    headers['Expect'] = '100-continue'
start = time.monotonic()
try:
    connection = http.client.HTTPConnection(place.netloc, timeout=float(seconds))
    with open(path, 'rb') as file:
        connection.request('PUT', place.path, file, headers)
        answer = connection.getresponse()
    body = answer.read().decode()
    print('status=%d seconds=%.3f\n\n%s' % (
        answer.status, time.monotonic() - start, body), end='')
except (OSError, http.client.HTTPException) as error:
    print('error=%r seconds=%.3f' % (error, time.monotonic() - start))
