/* Load for a path between two machines.
 *
 *   pump --serve PORT                                             answers until SIGTERM; writes one line `ready`
 *   pump --to ADDRESS:PORT --mode send|receive|ask|small --seconds N   measures, writes one line of JSON
 *
 * send, receive: one TCP connection as fast as it goes, bytes counted where they arrive: {"bytesPerSecond"}.
 * ask: one request of 64 bytes and one answer at a time over TCP: {"p50Micros","p99Micros","perSecond"}.
 * small: datagrams of 64 bytes and their answers, WINDOW on the way at a time: {"perSecond","lost"}. What is counted has
 * come there and back, so a path that drops gains nothing. */
#define _GNU_SOURCE
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES (256u << 10)
#define ASK_BYTES 64u
#define WINDOW 64u           /* on the way at a time: fills a path of some hundred microseconds, overflows no queue */
#define SAMPLES_MAX 2000000u /* a minute of requests at 30 microseconds */
#define SILENCE_MILLIS 200   /* after it, what is on the way is lost */
#define SECONDS_MAX 60u

static unsigned char buffer[BUFFER_BYTES];

static int tcp(int fd) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static int bound(int type, uint64_t port) {
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0) probe_fail("socket", "pump");
    if (bind(fd, (struct sockaddr *)&any, sizeof any) != 0) probe_fail("bind", "pump");
    if (type == SOCK_STREAM && listen(fd, 16) != 0) probe_fail("listen", "pump");
    return fd;
}

/* Every byte of `bytes`, or -1 when the other end is gone. */
static int all(int fd, unsigned char *bytes, size_t count, int writing) {
    for (size_t done = 0; done < count;) {
        ssize_t n = writing ? write(fd, bytes + done, count - done) : read(fd, bytes + done, count - done);
        if (n < 0 && errno == EINTR && !probe_stopped) continue;
        if (n <= 0) return -1;
        done += (size_t)n;
    }
    return 0;
}

static uint64_t sink(int fd, uint64_t until) {
    uint64_t bytes = 0;
    while (probe_nanos(CLOCK_MONOTONIC) < until) {
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n == 0) break;
        if (n < 0) probe_fail("read", "the connection");
        bytes += (uint64_t)n;
    }
    return bytes;
}

/* One connection of the server: its first byte says what is wanted, the second for how many seconds. */
static void answer(int fd) {
    unsigned char want[2];
    if (all(tcp(fd), want, 2, 0) != 0 || want[1] > SECONDS_MAX) return;
    uint64_t nanos = want[1] * 1000000000ull, end = probe_nanos(CLOCK_MONOTONIC) + nanos;
    if (want[0] == 'a') {
        while (all(fd, buffer, ASK_BYTES, 0) == 0 && all(fd, buffer, ASK_BYTES, 1) == 0) {
        }
    } else if (want[0] == 's') {
        uint64_t bytes = sink(fd, end);
        if (all(fd, (unsigned char *)&bytes, sizeof bytes, 1) != 0) return;
        shutdown(fd, SHUT_WR);
        while (read(fd, buffer, sizeof buffer) > 0) { /* an unread byte would reset the connection with the answer */
        }
    } else if (want[0] == 'r') {
        while (write(fd, buffer, sizeof buffer) > 0 && probe_nanos(CLOCK_MONOTONIC) < end + 1000000000ull) {
        }
    }
}

static void serve_datagrams(int fd) {
    struct sockaddr_in from;
    while (!probe_stopped) {
        socklen_t length = sizeof from;
        ssize_t n = recvfrom(fd, buffer, 2048, 0, (struct sockaddr *)&from, &length);
        if (n > 0) sendto(fd, buffer, (size_t)n, 0, (struct sockaddr *)&from, length);
    }
}

static int serve(uint64_t port) {
    int listener = bound(SOCK_STREAM, port), datagrams = bound(SOCK_DGRAM, port);
    signal(SIGCHLD, SIG_IGN);
    printf("ready\n");
    fflush(stdout);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve_datagrams(datagrams);
        exit(0);
    }
    while (!probe_stopped) {
        struct pollfd waiting = {.fd = listener, .events = POLLIN};
        if (poll(&waiting, 1, 200) <= 0) continue;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) continue;
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            answer(fd);
            exit(0);
        }
        close(fd);
    }
    return 0;
}

static int connected(const struct sockaddr_in *to, int type) {
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof *to) != 0) probe_fail("connect", "pump");
    return type == SOCK_STREAM ? tcp(fd) : fd;
}

static void want(int fd, char what, uint64_t seconds) {
    unsigned char bytes[2] = {(unsigned char)what, (unsigned char)seconds};
    if (all(fd, bytes, 2, 1) != 0) probe_fail("ask", "the server");
}

static void send_stream(const struct sockaddr_in *to, uint64_t seconds) {
    int fd = connected(to, SOCK_STREAM);
    uint64_t start = probe_nanos(CLOCK_MONOTONIC), end = start + (seconds + 1) * 1000000000ull, bytes = 0;
    want(fd, 's', seconds);
    struct pollfd both = {.fd = fd, .events = POLLIN | POLLOUT};
    while (probe_nanos(CLOCK_MONOTONIC) < end && poll(&both, 1, 1000) > 0 && !(both.revents & POLLIN)) {
        if (send(fd, buffer, sizeof buffer, MSG_DONTWAIT) < 0 && errno != EAGAIN) probe_fail("send", "the stream");
    }
    if (all(fd, (unsigned char *)&bytes, sizeof bytes, 0) != 0) probe_fail("read", "the server's count");
    printf("{\"bytesPerSecond\":%.0f}\n", (double)bytes / (double)seconds);
}

static void receive_stream(const struct sockaddr_in *to, uint64_t seconds) {
    int fd = connected(to, SOCK_STREAM);
    want(fd, 'r', seconds);
    uint64_t bytes = sink(fd, probe_nanos(CLOCK_MONOTONIC) + seconds * 1000000000ull);
    printf("{\"bytesPerSecond\":%.0f}\n", (double)bytes / (double)seconds);
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void ask(const struct sockaddr_in *to, uint64_t seconds) {
    static uint32_t samples[SAMPLES_MAX];
    size_t count = 0;
    int fd = connected(to, SOCK_STREAM);
    want(fd, 'a', 0);
    uint64_t end = probe_nanos(CLOCK_MONOTONIC) + seconds * 1000000000ull;
    for (uint64_t at = probe_nanos(CLOCK_MONOTONIC); at < end && count < SAMPLES_MAX;) {
        if (all(fd, buffer, ASK_BYTES, 1) != 0 || all(fd, buffer, ASK_BYTES, 0) != 0) probe_fail("ask", "the server");
        uint64_t now = probe_nanos(CLOCK_MONOTONIC);
        samples[count++] = (uint32_t)(now - at);
        at = now;
    }
    if (count == 0) probe_fail("ask", "no answer in time");
    qsort(samples, count, sizeof samples[0], by_size);
    printf("{\"p50Micros\":%.1f,\"p99Micros\":%.1f,\"perSecond\":%.0f}\n", samples[count / 2] / 1e3,
           samples[count * 99 / 100] / 1e3, (double)count / (double)seconds);
}

static void small(const struct sockaddr_in *to, uint64_t seconds) {
    int fd = connected(to, SOCK_DGRAM);
    uint64_t end = probe_nanos(CLOCK_MONOTONIC) + seconds * 1000000000ull, came = 0, lost = 0;
    unsigned out = 0;
    while (probe_nanos(CLOCK_MONOTONIC) < end) {
        while (out < WINDOW) {
            if (send(fd, buffer, ASK_BYTES, 0) != (ssize_t)ASK_BYTES) probe_fail("send", "a datagram");
            out++;
        }
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        if (poll(&readable, 1, SILENCE_MILLIS) == 0) {
            lost += out;
            out = 0;
            continue;
        }
        while (out > 0 && recv(fd, buffer, ASK_BYTES, MSG_DONTWAIT) == (ssize_t)ASK_BYTES) {
            came++;
            out--;
        }
    }
    printf("{\"perSecond\":%.0f,\"lost\":%" PRIu64 "}\n", (double)came / (double)seconds, lost);
}

int main(int argc, char **argv) {
    static const char *const known[] = {"--serve", "--to", "--mode", "--seconds", NULL};
    probe_known(argc, argv, known);
    probe_signals();
    uint64_t port = probe_number(argc, argv, "--serve", 0), seconds = probe_number(argc, argv, "--seconds", 3);
    const char *to = probe_text(argc, argv, "--to", NULL), *mode = probe_text(argc, argv, "--mode", "");
    if (port > 0 && port <= 65535) return serve(port);
    struct sockaddr_in server = {.sin_family = AF_INET};
    char host[64];
    unsigned number;
    if (to == NULL || sscanf(to, "%63[0-9.]:%u", host, &number) != 2 || number == 0 || number > 65535 ||
        inet_pton(AF_INET, host, &server.sin_addr) != 1 || seconds < 1 || seconds > SECONDS_MAX) {
        fprintf(stderr, "pump: needs --serve PORT, or --to ADDRESS:PORT with --seconds 1 to 60\n");
        return 2;
    }
    server.sin_port = htons((uint16_t)number);
    if (strcmp(mode, "send") == 0) send_stream(&server, seconds);
    else if (strcmp(mode, "receive") == 0) receive_stream(&server, seconds);
    else if (strcmp(mode, "ask") == 0) ask(&server, seconds);
    else if (strcmp(mode, "small") == 0) small(&server, seconds);
    else {
        fprintf(stderr, "pump: --mode %s is none of send, receive, ask and small\n", mode);
        return 2;
    }
    return 0;
}
