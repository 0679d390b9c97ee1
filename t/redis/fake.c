/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "fake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "fake: %s: %s\n", what, strerror(errno));
    _exit(2);
}

static int listen_on(int *port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t length = sizeof(at);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0
        || listen(fd, 16) != 0
        || getsockname(fd, (struct sockaddr *)&at, &length) != 0) {
        die("listen");
    }
    *port = ntohs(at.sin_port);
    return fd;
}

int fake_free_port(void)
{
    int port;
    const int fd = listen_on(&port);

    close(fd);
    return port;
}

static void drip(int fd, const char *text)
{
    for (; *text != '\0'; text++) {
        if (send(fd, text, 1, MSG_NOSIGNAL) != 1) {
            return;
        }
        sleep(1);
    }
}

static void flood(int fd, const char *text)
{
    while (send(fd, text, strlen(text), MSG_NOSIGNAL) > 0) {
    }
}

static void reset_at_end(int fd)
{
    const struct linger at_once = { 1, 0 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void serve(fake *server, int fd, const fake_line *line)
{
    ssize_t got;

    for (; line->step != FAKE_END; line++) {
        switch (line->step) {
        case FAKE_READ:
            got = recv(fd, server->read, sizeof(server->read) - 1, 0);
            server->read[got > 0 ? got : 0] = '\0';
            break;
        case FAKE_SEND:
            send(fd, line->text, strlen(line->text), MSG_NOSIGNAL);
            break;
        case FAKE_DRIP:
            drip(fd, line->text);
            break;
        case FAKE_FLOOD:
            flood(fd, line->text);
            break;
        case FAKE_SLEEP:
            usleep((unsigned)line->milliseconds * 1000);
            break;
        default:
            reset_at_end(fd);
            break;
        }
    }
    close(fd);
}

/* One connection at a time is enough: a client that gave one up has closed it, or a
 * new one waits in the backlog.  But a script that sleeps must not keep the next one
 * waiting. */
struct one {
    fake *server;
    const fake_line *script;
    int fd;
};

static void *serve_one(void *data)
{
    struct one one = *(struct one *)data;

    free(data);
    serve(one.server, one.fd, one.script);
    return NULL;
}

static void *run(void *data)
{
    fake *server = data;
    int last = 0;

    while (last + 1 < FAKE_CONNECTIONS
           && server->script[last + 1][0].step != FAKE_END) {
        last++;
    }
    for (;;) {
        struct one *one = malloc(sizeof(*one));
        const int number = server->accepted < last ? server->accepted : last;
        pthread_t thread;

        one->server = server;
        one->script = server->script[number];
        one->fd = accept(server->listener, NULL, NULL);
        if (one->fd < 0) {
            free(one);
            return NULL;
        }
        server->accepted++;
        pthread_create(&thread, NULL, serve_one, one);
        pthread_detach(thread);
    }
}

void fake_begin(fake *server)
{
    pthread_t thread;

    server->listener = listen_on(&server->port);
    pthread_create(&thread, NULL, run, server);
    pthread_detach(thread);
}

static int answers(int port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = { .sin_family = AF_INET };
    char reply[8] = "";
    int is_there;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons((unsigned short)port);
    is_there = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0
               && send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6
               && recv(fd, reply, 7, 0) > 0;
    close(fd);
    return is_there;
}

long fake_redis_start(int port, const char *directory, const char *is_cluster)
{
    char number[16], path[256];
    pid_t pid;
    int i;

    snprintf(number, sizeof(number), "%d", port);
    snprintf(path, sizeof(path), "%s/socket", directory);
    pid = fork();
    if (pid == 0) {
        /* its warnings of this machine's settings tell nothing of a test */
        if (freopen("/dev/null", "w", stdout) == NULL) {
            die("/dev/null");
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("redis-server", "redis-server", "--port", number, "--bind",
               "127.0.0.1", "--unixsocket", path, "--save", "", "--dir",
               directory, "--cluster-enabled", is_cluster, "--loglevel", "warning", (char *)NULL);
        die("redis-server");
    }
    for (i = 0; i < 200 && !answers(port); i++) {
        usleep(50000);
    }
    if (i == 200) {
        die("redis-server does not answer");
    }
    return pid;
}

void fake_redis_stop(long pid, int signal)
{
    kill((pid_t)pid, signal);
    waitpid((pid_t)pid, NULL, 0);
}
