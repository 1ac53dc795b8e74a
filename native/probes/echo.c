/* Answers numbered records over TCP, counts numbered datagrams that come in over UDP, and sends such datagrams out at a
 * fixed rate, until SIGTERM.
 *
 * A record is 64 bytes, numbers big-endian: {u32 magic, u32 bytes, u64 number, u64 sender's nanos, u64 echo's REALTIME
 * nanos (set here), zeros}. Over TCP it goes back as it came but for the echo's time. Incoming numbers of UDP start at
 * 0; what is missing below the highest seen is lost.
 *
 * All is done in one turn a millisecond, on the whole millisecond: in an emulated guest each wake-up costs more than the
 * work, and three a millisecond took a third of the CPU from the job beside it. */
#define _GNU_SOURCE
#include "probe.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECORD_BYTES 64u
#define MAGIC 0x47575231u          /* GWR1 */
#define CONNECTIONS_MAX 16u        /* the demo needs one; more shows a client that reconnects */
#define BUFFER_BYTES (1024u * RECORD_BYTES) /* one second of records at 1 kHz; then the client waits */
#define WINDOW_NUMBERS 65536u      /* a minute at 1,000/s in which a late datagram is told from a doubled one */
#define BURST_MAX 64u              /* datagrams taken in one call; more wait in the socket */
#define RECEIVE_BUFFER_BYTES (4 << 20) /* five seconds of datagrams with the kernel's overhead: a late turn loses none */
#define TURN_NANOS 4000000ull      /* what came meanwhile is answered in one segment; an emulated CPU wakes up dearly */
#define TURNS_PER_ACCEPT 16u       /* a new connection is rare */

struct record {
    uint32_t magic;
    uint32_t bytes;
    uint64_t number;
    uint64_t sent_nanos;
    uint64_t echo_nanos;
    uint64_t zeros[4];
};
_Static_assert(sizeof(struct record) == RECORD_BYTES, "a record is 64 bytes");

struct connection {
    int fd; /* -1: free */
    size_t used;
    size_t answered; /* bytes of whole records at the front that are ready to go */
    uint64_t next;
    unsigned char buffer[BUFFER_BYTES];
};

static struct connection connections[CONNECTIONS_MAX];
static uint64_t accepted, records, out_of_order, refused;
static uint64_t udp_in, udp_duplicated, udp_reordered, udp_garbage, udp_beyond; /* beyond: the highest number + 1 */
static uint64_t udp_out, udp_out_failed;
static unsigned char seen[WINDOW_NUMBERS];

static void status_json(char *json) {
    snprintf(json, STATUS_BYTES_MAX,
             "{\"probe\":\"echo\",\"connections\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"records\":%" PRIu64
             ",\"outOfOrder\":%" PRIu64 ",\"udpIn\":{\"received\":%" PRIu64 ",\"beyond\":%" PRIu64 ",\"lost\":%" PRIu64
             ",\"duplicated\":%" PRIu64 ",\"reordered\":%" PRIu64 ",\"garbage\":%" PRIu64 "},\"udpOut\":{\"sent\":%" PRIu64
             ",\"failed\":%" PRIu64 "}}",
             accepted, refused, records, out_of_order, udp_in, udp_beyond, udp_beyond - (udp_in - udp_duplicated),
             udp_duplicated, udp_reordered, udp_garbage, udp_out, udp_out_failed);
}

static int listen_on(int type, uint64_t port) {
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0) probe_fail("socket", "echo");
    if (bind(fd, (struct sockaddr *)&any, sizeof any) != 0) probe_fail("bind to", type == SOCK_STREAM ? "TCP" : "UDP");
    int buffer = RECEIVE_BUFFER_BYTES;
    if (type == SOCK_DGRAM && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer) != 0) {
        probe_fail("receive buffer of", "UDP");
    }
    if (type == SOCK_STREAM && listen(fd, 16) != 0) probe_fail("listen on", "TCP");
    return fd;
}

static void accept_one(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        if (connections[i].fd >= 0) continue;
        connections[i].fd = fd;
        connections[i].used = connections[i].answered = 0;
        connections[i].next = 0;
        accepted++;
        return;
    }
    refused++;
    close(fd);
}

static void drop(struct connection *c, const char *why) {
    printf("echo: connection ended after record %" PRIu64 ": %s\n", c->next, why);
    close(c->fd);
    c->fd = -1;
}

static void serve(struct connection *c) {
    if (c->used < BUFFER_BYTES) {
        ssize_t n = read(c->fd, c->buffer + c->used, BUFFER_BYTES - c->used);
        if (n == 0) return drop(c, "the client closed it");
        if (n < 0 && errno != EAGAIN && errno != EINTR) return drop(c, strerror(errno));
        if (n > 0) c->used += (size_t)n;
    }
    while (c->used - c->answered >= RECORD_BYTES) {
        struct record record;
        memcpy(&record, c->buffer + c->answered, sizeof record);
        if (be32toh(record.magic) != MAGIC || be32toh(record.bytes) != RECORD_BYTES) return drop(c, "not a record");
        if (be64toh(record.number) != c->next) out_of_order++;
        c->next = be64toh(record.number) + 1;
        record.echo_nanos = htobe64(probe_nanos(CLOCK_REALTIME));
        memcpy(c->buffer + c->answered, &record, sizeof record);
        c->answered += RECORD_BYTES;
        records++;
    }
    if (c->answered == 0) return;
    ssize_t n = write(c->fd, c->buffer, c->answered);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return drop(c, strerror(errno));
    if (n > 0) {
        memmove(c->buffer, c->buffer + n, c->used - (size_t)n);
        c->used -= (size_t)n;
        c->answered -= (size_t)n;
    }
}

static void count(const struct record *record, unsigned bytes) {
    uint64_t number = be64toh(record->number);
    if (bytes != RECORD_BYTES || be32toh(record->magic) != MAGIC || number + WINDOW_NUMBERS < udp_beyond ||
        number > udp_beyond + 1000000000ull) {
        udp_garbage++;
        return;
    }
    udp_in++;
    for (uint64_t fresh = udp_beyond; fresh <= number && fresh < udp_beyond + WINDOW_NUMBERS; fresh++) {
        seen[fresh % WINDOW_NUMBERS] = 0;
    }
    if (number < udp_beyond) {
        if (seen[number % WINDOW_NUMBERS]) udp_duplicated++;
        else udp_reordered++;
    } else {
        udp_beyond = number + 1;
    }
    seen[number % WINDOW_NUMBERS] = 1;
}

static void count_datagrams(int fd) {
    static struct record datagrams[BURST_MAX];
    static struct iovec buffers[BURST_MAX];
    static struct mmsghdr messages[BURST_MAX];
    for (unsigned i = 0; messages[BURST_MAX - 1].msg_hdr.msg_iov == NULL && i < BURST_MAX; i++) { /* laid out once */
        buffers[i] = (struct iovec){.iov_base = &datagrams[i], .iov_len = RECORD_BYTES};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &buffers[i], .msg_iovlen = 1};
    }
    int came;
    do {
        came = recvmmsg(fd, messages, BURST_MAX, MSG_DONTWAIT | MSG_TRUNC, NULL);
        for (int i = 0; i < came; i++) count(&datagrams[i], messages[i].msg_len);
    } while (came == (int)BURST_MAX);
}

static void send_datagram(int fd, const struct sockaddr_in *to) {
    struct record record = {.magic = htobe32(MAGIC), .bytes = htobe32(RECORD_BYTES), .number = htobe64(udp_out),
                            .sent_nanos = htobe64(probe_nanos(CLOCK_REALTIME))};
    if (sendto(fd, &record, sizeof record, 0, (const struct sockaddr *)to, sizeof *to) == (ssize_t)sizeof record) {
        udp_out++;
    } else { /* not sent: the same number goes with the next one */
        udp_out_failed++;
    }
}

static struct sockaddr_in address(const char *text) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    char host[64];
    unsigned port;
    if (sscanf(text, "%63[0-9.]:%u", host, &port) != 2 || port == 0 || port > 65535 || inet_pton(AF_INET, host, &to.sin_addr) != 1) {
        fprintf(stderr, "echo: --udp-to %s is not ADDRESS:PORT\n", text);
        exit(2);
    }
    to.sin_port = htons((uint16_t)port);
    return to;
}

int main(int argc, char **argv) {
    static const char *const known[] = {"--tcp-port", "--udp-port", "--udp-to", "--udp-rate", "--status", NULL};
    probe_known(argc, argv, known);
    probe_signals();
    const char *status = probe_text(argc, argv, "--status", NULL);
    const char *udp_to = probe_text(argc, argv, "--udp-to", NULL);
    uint64_t rate = probe_number(argc, argv, "--udp-rate", 1000);
    uint64_t tcp_port = probe_number(argc, argv, "--tcp-port", 7000), udp_port = probe_number(argc, argv, "--udp-port", 7001);
    if (tcp_port > 65535 || udp_port > 65535 || rate < 1 || rate > 100000) {
        fprintf(stderr, "echo: a port is not in 0..65535 or --udp-rate %" PRIu64 " not in 1..100000\n", rate);
        return 2;
    }
    struct sockaddr_in to = {0};
    if (udp_to != NULL) to = address(udp_to);
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) connections[i].fd = -1;
    int listener = listen_on(SOCK_STREAM, tcp_port), datagrams = listen_on(SOCK_DGRAM, udp_port);
    printf("echo: answering on TCP %" PRIu64 ", counting on UDP %" PRIu64 "\n", tcp_port, udp_port);

    char json[STATUS_BYTES_MAX];
    uint64_t interval = 1000000000ull / rate, now = probe_nanos(CLOCK_MONOTONIC);
    uint64_t send_at = now, status_at = now, line_at = now + 1000000000ull;
    for (unsigned turn = 0; !probe_stopped; turn++) {
        probe_sleep_until((now / TURN_NANOS + 1) * TURN_NANOS);
        if (turn % TURNS_PER_ACCEPT == 0) accept_one(listener);
        for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
            if (connections[i].fd >= 0) serve(&connections[i]);
        }
        count_datagrams(datagrams);
        now = probe_nanos(CLOCK_MONOTONIC);
        if (udp_to != NULL && send_at + 100 * interval < now) send_at = now; /* far behind: no burst makes up for it */
        for (; udp_to != NULL && now >= send_at; send_at += interval) send_datagram(datagrams, &to);
        if (now >= status_at) {
            status_json(json);
            probe_status(status, json);
            status_at = now + STATUS_INTERVAL_NANOS;
        }
        if (now >= line_at) {
            printf("echo: records %" PRIu64 " datagrams in %" PRIu64 " out %" PRIu64 "\n", records, udp_in, udp_out);
            line_at = now + 1000000000ull;
        }
    }
    status_json(json);
    probe_status(status, json);
    printf("%s\n", json);
    return 0;
}
