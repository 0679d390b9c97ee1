#!/bin/sh
# Licensed under the Apache License, Version 2.0; see LICENSE.
# put_curl.sh PROTOCOL URL FILE EXPECT SECONDS

body=$(mktemp) || exit 1
trap 'rm -f "$body"' EXIT
# curl asks by itself in HTTP/1, and only if it is told to in HTTP/2; what is
# told with -H it would also repeat after a 417
case $1$4 in
    *0) header=Expect: ;;
    --http2*) header='Expect: 100-continue' ;;
    *) header= ;;
esac
said=$(curl -q -s --noproxy '*' "$1" --max-time "$5" -T "$3" \
    ${header:+-H "$header"} -o "$body" \
    -w 'status=%{http_code} seconds=%{time_total}' "$2")
exit=$?
[ $exit = 0 ] || said="error=exit $exit $said"
printf '%s\n\n' "$said"
cat "$body"
