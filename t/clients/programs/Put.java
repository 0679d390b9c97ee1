/* Licensed under the Apache License, Version 2.0; see LICENSE. */

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;

class Put {
    public static void main(String[] args) throws Exception {
        Duration limit = Duration.ofSeconds(Long.parseLong(args[3]));
        HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(args[0]))
            .timeout(limit).expectContinue(args[2].equals("1"))
            .PUT(HttpRequest.BodyPublishers.ofFile(Path.of(args[1]))).build();
        long start = System.nanoTime();
        String said;
        String body = "";
        try {
            HttpResponse<String> answer =
                client.send(request, HttpResponse.BodyHandlers.ofString());
            said = "status=" + answer.statusCode();
            body = answer.body();
        } catch (IOException error) {
            said = "error=" + error.getMessage();
        }
        System.out.printf("%s seconds=%.3f%n%n%s", said,
                          (System.nanoTime() - start) / 1e9, body);
        System.out.flush();
        System.exit(0);
    }
}
