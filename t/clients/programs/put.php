<?php
/* Licensed under the Apache License, Version 2.0; see LICENSE. */

[, $url, $file, $expect, $seconds] = $argv;
$c = curl_init($url);
curl_setopt_array($c, [
    CURLOPT_UPLOAD => true, CURLOPT_INFILE => fopen($file, 'rb'),
    CURLOPT_INFILESIZE => filesize($file), CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => (int) $seconds, CURLOPT_PROXY => '',
    /* it asks by itself */
    CURLOPT_HTTPHEADER => $expect ? [] : ['Expect:'],
]);
$start = microtime(true);
$body = curl_exec($c);
$seconds = microtime(true) - $start;
if ($body === false) {
    printf("error=%d %s seconds=%.3f\n", curl_errno($c), curl_error($c), $seconds);
} else {
    printf("status=%d seconds=%.3f\n\n%s", curl_getinfo($c, CURLINFO_RESPONSE_CODE),
        $seconds, $body);
}
