package ExpectPolicy::Elsewhere;

# A library that is preloaded into httpd: what the time is, and whether names are found, is
# what a test says.  What httpd measures spans by, the monotonic clock, is left alone.

use strict;
use warnings;

use ExpectPolicy::Wire;

# What becomes of the name redis.test.
use constant { AS_EVER => 0, NOT_FOUND => 1, HANGS => 2, FOUND => 3 };

my $library;

# A place of its own: { library, file }, for preload and elsewhere of ExpectPolicy::Fleet.
sub new {
    my ($class) = @_;
    $library //= _build();
    my $self = bless { library => $library, seconds => 0, names => AS_EVER,
                       file => new_directory('elsewhere') . '/say' }, $class;
    open my $out, '>', $self->{file} or die "$self->{file}: $!";
    close $out or die;
    return $self->_say;
}

# From now on, for what runs, too: seconds that its clock is ahead.
sub set_clock { my ($self, $seconds) = @_; $self->{seconds} = $seconds; return $self->_say }
sub set_names { my ($self, $how) = @_; $self->{names} = $how; return $self->_say }

sub _say {
    my ($self) = @_;
    # in place: it is mapped
    open my $out, '+<', $self->{file} or die "$self->{file}: $!";
    syswrite $out, pack 'qq', $self->{seconds}, $self->{names};
    close $out or die;
    return $self;
}

sub _build {
    my $dir = new_directory('elsewhere');
    open my $out, '>', "$dir/elsewhere.c" or die "$dir: $!";
    print $out <<'END';
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* ahead of the real clock; what becomes of names */
static volatile long long *say;

static __attribute__((constructor)) void begin(void)
{
    const char *name = getenv("EP_ELSEWHERE");
    const int fd = name != NULL ? open(name, O_RDONLY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        say = mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
    }
    if (say == NULL || say == MAP_FAILED) {
        abort();
    }
}

static int real_clock(clockid_t clock, struct timespec *now)
{
    return (int)syscall(SYS_clock_gettime, clock, now);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    const int result = real_clock(clock, now);

    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += say[0];
    }
    return result;
}

time_t time(time_t *to)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (to != NULL) {
        *to = now.tv_sec;
    }
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    to->tv_sec = now.tv_sec;
    to->tv_usec = now.tv_nsec / 1000;
    return 0;
}

/* The next moment of the real clock to look at ours.  @return 0: it is time */
static int slice(const struct timespec *until, struct timespec *next)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec > until->tv_sec
        || (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec)) {
        return 0;
    }
    real_clock(CLOCK_REALTIME, next);
    next->tv_nsec += 20000000;
    if (next->tv_nsec >= 1000000000) {
        next->tv_nsec -= 1000000000;
        next->tv_sec++;
    }
    return 1;
}

int sem_timedwait(sem_t *sem, const struct timespec *until)
{
    int (*real)(sem_t *, const struct timespec *);
    struct timespec next;

    *(void **)&real = dlsym(RTLD_NEXT, "sem_timedwait");
    while (slice(until, &next)) {
        if (real(sem, &next) == 0) {
            return 0;
        }
        if (errno != ETIMEDOUT) {
            return -1;
        }
    }
    if (sem_trywait(sem) == 0) {
        return 0;
    }
    errno = ETIMEDOUT;
    return -1;
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until)
{
    int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    struct timespec next;
    int result = ETIMEDOUT;

    /* there is an older one, too */
    *(void **)&real = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    }
    /* a time of the monotonic clock */
    if (until->tv_sec < 1000000000) {
        return real(cond, mutex, until);
    }
    while (result == ETIMEDOUT && slice(until, &next)) {
        result = real(cond, mutex, &next);
    }
    return result;
}

int getaddrinfo(const char *restrict host, const char *restrict port,
                const struct addrinfo *restrict hints, struct addrinfo **restrict to)
{
    static const struct timespec long_time = { 20, 0 };
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (host == NULL || strcmp(host, "redis.test") != 0
        || (hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0)) {
        return real(host, port, hints, to);
    }
    if (say[1] == 2) {
        nanosleep(&long_time, NULL);
    }
    return say[1] == 3 ? real("127.0.0.1", port, hints, to) : EAI_NONAME;
}
END
    close $out or die "$dir: $!";
    system('gcc', '-shared', '-fPIC', '-O1', '-Wall', '-o', "$dir/elsewhere.so",
           "$dir/elsewhere.c", '-ldl', '-lpthread') == 0 or die 'no compiler';
    return "$dir/elsewhere.so";
}

1;
