# Licensed under the Apache License, Version 2.0; see LICENSE.
require 'net/http'

url, path, expect, seconds = ARGV
place = URI(url)
start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
took = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) - start }
begin
  http = Net::HTTP.new(place.host, place.port, nil)
  http.read_timeout = http.write_timeout = seconds.to_f
  # the time to wait for 100; net/http waits only if it is told to
  http.continue_timeout = 1 if expect == '1'
  http.max_retries = 0
  request = Net::HTTP::Put.new(place.path)
  request['Content-Length'] = File.size(path).to_s
  request['Expect'] = '100-continue' if expect == '1'
  answer = File.open(path, 'rb') do |file|
    request.body_stream = file
    http.start { http.request(request) }
  end
  printf("status=%s seconds=%.3f\n\n%s", answer.code, took.call, answer.body)
rescue SystemCallError, IOError, Net::OpenTimeout, Net::ReadTimeout,
       Net::WriteTimeout => error
  printf("error=%s %s seconds=%.3f\n", error.class, error.message, took.call)
end
