#!/bin/sh
# Licensed under the Apache License, Version 2.0; see LICENSE.
# put_wget.sh URL FILE EXPECT SECONDS: wget knows nothing of Expect

body=$(mktemp) && heads=$(mktemp) || exit 1
trap 'rm -f "$body" "$heads"' EXIT
start=$(date +%s.%N)
wget --no-config --no-proxy --tries=1 --timeout="$4" --method=PUT \
    --body-file="$2" --content-on-error -S -q -O "$body" "$1" 2>"$heads"
exit=$?
took=$(date +%s.%N | awk -v start="$start" '{ printf "%.3f", $1 - start }')
status=$(awk '$1 ~ /^HTTP\// { status = $2 } END { print status }' "$heads")
# 8: the server has answered with an error
[ $exit = 8 ] || [ $exit = 0 ] || error="error=exit $exit "
[ -z "$status" ] || status="status=$status "
printf '%s%sseconds=%s\n\n' "$error" "$status" "$took"
cat "$body"
