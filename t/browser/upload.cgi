#!/bin/sh
# Licensed under the Apache License, Version 2.0; see LICENSE.
# Receives the upload of a plain form, and says how much there was of it.
count=$(wc -c | tr -d ' ')
printf 'Content-Type: text/plain\n\nreceived %s bytes\n' "$count"
