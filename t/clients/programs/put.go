// Licensed under the Apache License, Version 2.0; see LICENSE.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

func put(url, path string, expect bool, limit time.Duration) (int, string, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, "", err
	}
	request, err := http.NewRequest("PUT", url, file)
	if err != nil {
		return 0, "", err
	}
	request.ContentLength = info.Size()
	if expect {
		request.Header.Set("Expect", "100-continue")
	}
	// as http.DefaultTransport, less the proxies of the environment
	transport := &http.Transport{ExpectContinueTimeout: time.Second}
	client := &http.Client{Transport: transport, Timeout: limit}
	answer, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}

func main() {
	seconds, _ := strconv.Atoi(os.Args[4])
	start := time.Now()
	status, body, err := put(os.Args[1], os.Args[2], os.Args[3] == "1",
		time.Duration(seconds)*time.Second)
	took := time.Since(start).Seconds()
	if err != nil {
		fmt.Printf("error=%v seconds=%.3f\n", err, took)
		return
	}
	fmt.Printf("status=%d seconds=%.3f\n\n%s", status, took, body)
}
