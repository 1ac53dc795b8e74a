/* Holds one connection to a server outside and sends numbered records over it at a steady rate; the server sends each
 * back. A connection that breaks is made anew, and counted: that is what must not happen.
 *
 *   dial --to ADDRESS:PORT [--rate N] [--status FILE]
 *
 * SIGTERM ends the sending; the program waits up to ten seconds for the echoes of what it sent, then writes its last
 * status and ends. Records are those of echo: 64 bytes, numbered from 0. */
#define _GNU_SOURCE
#include "probe.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECORD_BYTES 64u
#define MAGIC 0x47575231u             /* GWR1 */
#define BUFFER_RECORDS 1024u          /* five seconds at 200/s, read in one go after a stall */
#define CONNECT_MILLIS 10000          /* as the outside client waits */
#define RECONNECT_NANOS 200000000ull  /* a server that is gone is not flooded */
#define DRAIN_NANOS 10000000000ull
#define TURN_NANOS_MIN 1000000ull
#define TURN_NANOS_MAX 4000000ull /* the echo wakes up then, too */

struct record {
    uint32_t magic;
    uint32_t bytes;
    uint64_t number;
    uint64_t sent_nanos;
    uint64_t echo_nanos;
    uint64_t zeros[4];
};
_Static_assert(sizeof(struct record) == RECORD_BYTES, "a record is 64 bytes");

static uint64_t sent, received, expected, out_of_order, garbage, connections, failed_connects, last_echo, longest_gap;
static unsigned char in[BUFFER_RECORDS * RECORD_BYTES], out[RECORD_BYTES];
static size_t in_bytes, out_left; /* of `out`, what the socket has not taken yet */

static void status_json(char *json) {
    snprintf(json, STATUS_BYTES_MAX,
             "{\"probe\":\"dial\",\"sent\":%" PRIu64 ",\"received\":%" PRIu64 ",\"outOfOrder\":%" PRIu64
             ",\"garbage\":%" PRIu64 ",\"reconnects\":%" PRIu64 ",\"failedConnects\":%" PRIu64
             ",\"maxGapMillis\":%.1f}",
             sent, received, out_of_order, garbage, connections > 0 ? connections - 1 : 0, failed_connects,
             (double)longest_gap / 1e6);
}

static int dial(const struct sockaddr_in *to) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) probe_fail("socket", "dial");
    int one = 1, error = 0;
    socklen_t length = sizeof error;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) != 0) {
        struct pollfd writable = {.fd = fd, .events = POLLOUT};
        if (errno != EINPROGRESS || poll(&writable, 1, CONNECT_MILLIS) != 1 ||
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
            printf("dial: no connection: %s\n", error != 0 ? strerror(error) : strerror(errno));
            close(fd);
            failed_connects++;
            return -1;
        }
    }
    connections++;
    in_bytes = out_left = 0;
    expected = sent; /* what was on the way over the old connection is lost, and is missing in `received` */
    last_echo = 0;
    return fd;
}

static int broken(int fd, const char *why) {
    printf("dial: the connection broke after record %" PRIu64 ": %s\n", sent, why);
    close(fd);
    return -1;
}

static void take_echoes(void) {
    size_t whole = in_bytes / RECORD_BYTES, at = 0;
    uint64_t now = probe_nanos(CLOCK_MONOTONIC);
    for (size_t i = 0; i < whole; i++, at += RECORD_BYTES) {
        struct record record;
        memcpy(&record, in + at, sizeof record);
        if (be32toh(record.magic) != MAGIC || be32toh(record.bytes) != RECORD_BYTES) {
            garbage++;
            continue;
        }
        if (be64toh(record.number) != expected) out_of_order++;
        expected = be64toh(record.number) + 1;
        received++;
    }
    if (whole > 0) {
        if (last_echo != 0 && now - last_echo > longest_gap) longest_gap = now - last_echo;
        last_echo = now;
    }
    memmove(in, in + at, in_bytes - at);
    in_bytes -= at;
}

static int receive(int fd) {
    ssize_t n;
    do {
        n = read(fd, in + in_bytes, sizeof in - in_bytes);
        if (n == 0) return broken(fd, "the server closed it");
        if (n < 0 && errno != EAGAIN && errno != EINTR) return broken(fd, strerror(errno));
        if (n > 0) {
            in_bytes += (size_t)n;
            take_echoes();
        }
    } while (n > 0);
    return fd;
}

/* Sends what is left of a record, or the next one where one is due. */
static int send_record(int fd, int due) {
    if (out_left == 0 && due) {
        struct record record = {.magic = htobe32(MAGIC), .bytes = htobe32(RECORD_BYTES), .number = htobe64(sent),
                                .sent_nanos = htobe64(probe_nanos(CLOCK_REALTIME))};
        memcpy(out, &record, sizeof record);
        out_left = RECORD_BYTES;
        sent++;
    }
    if (out_left == 0) return fd;
    ssize_t n = write(fd, out + RECORD_BYTES - out_left, out_left);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return broken(fd, strerror(errno));
    if (n > 0) out_left -= (size_t)n;
    return fd;
}

static struct sockaddr_in address(const char *text) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    char host[64];
    unsigned port;
    if (text == NULL || sscanf(text, "%63[0-9.]:%u", host, &port) != 2 || port == 0 || port > 65535 ||
        inet_pton(AF_INET, host, &to.sin_addr) != 1) {
        fprintf(stderr, "dial: --to %s is not ADDRESS:PORT\n", text == NULL ? "is missing and" : text);
        exit(2);
    }
    to.sin_port = htons((uint16_t)port);
    return to;
}

int main(int argc, char **argv) {
    static const char *const known[] = {"--to", "--rate", "--status", NULL};
    probe_known(argc, argv, known);
    probe_signals();
    const char *status = probe_text(argc, argv, "--status", NULL);
    struct sockaddr_in to = address(probe_text(argc, argv, "--to", NULL));
    uint64_t rate = probe_number(argc, argv, "--rate", 200);
    if (rate < 1 || rate > 1000) {
        fprintf(stderr, "dial: --rate %" PRIu64 " is not in 1..1000\n", rate);
        return 2;
    }
    char json[STATUS_BYTES_MAX];
    uint64_t interval = 1000000000ull / rate, now = probe_nanos(CLOCK_MONOTONIC);
    uint64_t turn = interval < TURN_NANOS_MIN ? TURN_NANOS_MIN : interval > TURN_NANOS_MAX ? TURN_NANOS_MAX : interval;
    uint64_t send_at = now, status_at = now, dial_at = now, drain_until = 0;
    int fd = -1;
    while (drain_until == 0 || (fd >= 0 && received < sent && now < drain_until)) {
        probe_sleep_until((now / turn + 1) * turn);
        now = probe_nanos(CLOCK_MONOTONIC);
        if (probe_stopped && drain_until == 0) drain_until = now + DRAIN_NANOS;
        if (fd < 0 && now >= dial_at && !probe_stopped) {
            fd = dial(&to);
            now = probe_nanos(CLOCK_MONOTONIC);
            dial_at = now + RECONNECT_NANOS;
            send_at = now;
        }
        if (fd >= 0) fd = receive(fd);
        int due = !probe_stopped && now >= send_at;
        if (fd >= 0) fd = send_record(fd, due);
        if (due) send_at += interval;
        if (send_at + 100 * interval < now) send_at = now; /* far behind: no burst makes up for it */
        if (now >= status_at) {
            status_json(json);
            probe_status(status, json);
            status_at = now + STATUS_INTERVAL_NANOS;
        }
    }
    status_json(json);
    probe_status(status, json);
    printf("%s\n", json);
    return 0;
}
