/* Keeps one TCP connection to an `echo` probe, sends it numbered records at a fixed rate and takes in their echoes, until
 * SIGTERM. A connection that breaks is made anew, and counted: that is what must not happen.
 *
 * The record is that of echo.c. An echo that is not the next one expected is out of order. */
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
#define MAGIC 0x47575231u                   /* GWR1 */
#define BUFFER_BYTES (1024u * RECORD_BYTES) /* what may be on its way; then sending waits */
#define TURN_NANOS 1000000ull
#define CONNECT_NANOS 5000000000ull

static uint64_t connects, failed, sent, answered, out_of_order, stall_nanos;
static int fd = -1;
static unsigned char out[BUFFER_BYTES], in[RECORD_BYTES];
static size_t out_used, in_used;

static void status_json(char *json) {
    snprintf(json, STATUS_BYTES_MAX,
             "{\"probe\":\"caller\",\"connects\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"answered\":%" PRIu64
             ",\"outOfOrder\":%" PRIu64 ",\"maxStallMillis\":%" PRIu64 "}",
             connects, failed, sent, answered, out_of_order, stall_nanos / 1000000);
}

static void hang_up(const char *why) {
    printf("caller: connection ended after %" PRIu64 " of %" PRIu64 " records: %s\n", answered, sent, why);
    close(fd);
    fd = -1;
}

static void call_up(const struct sockaddr_in *to) {
    struct timeval limit = {.tv_sec = CONNECT_NANOS / 1000000000ull};
    int one = 1;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) probe_fail("socket", "caller");
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) != 0) {
        failed++;
        close(fd);
        fd = -1;
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connects++;
    sent = answered; /* what was on its way went with the last connection */
    out_used = in_used = 0;
}

static void queue_record(void) {
    struct {
        uint32_t magic, bytes;
        uint64_t number, sent_nanos, echo_nanos, zeros[4];
    } record = {.magic = htobe32(MAGIC), .bytes = htobe32(RECORD_BYTES), .number = htobe64(sent),
                .sent_nanos = htobe64(probe_nanos(CLOCK_REALTIME))};
    _Static_assert(sizeof record == RECORD_BYTES, "a record is 64 bytes");
    if (out_used + RECORD_BYTES > BUFFER_BYTES) return;
    memcpy(out + out_used, &record, RECORD_BYTES);
    out_used += RECORD_BYTES;
    sent++;
}

static void send_queued(void) {
    ssize_t n = out_used == 0 ? 0 : send(fd, out, out_used, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return hang_up(strerror(errno));
    if (n > 0) {
        memmove(out, out + n, out_used - (size_t)n);
        out_used -= (size_t)n;
    }
}

static void take_answers(uint64_t now) {
    static uint64_t answered_at;
    while (fd >= 0) {
        ssize_t n = recv(fd, in + in_used, RECORD_BYTES - in_used, MSG_DONTWAIT);
        if (n == 0) return hang_up("the other side closed it");
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR) hang_up(strerror(errno));
            return;
        }
        in_used += (size_t)n;
        if (in_used < RECORD_BYTES) continue;
        in_used = 0;
        uint64_t number;
        memcpy(&number, in + 8, sizeof number);
        if (be64toh(number) != answered) out_of_order++;
        answered++;
        if (answered_at != 0 && now - answered_at > stall_nanos) stall_nanos = now - answered_at;
        answered_at = now;
    }
}

static struct sockaddr_in address(const char *text) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    char host[64];
    unsigned port;
    if (text == NULL || sscanf(text, "%63[0-9.]:%u", host, &port) != 2 || port == 0 || port > 65535 ||
        inet_pton(AF_INET, host, &to.sin_addr) != 1) {
        fprintf(stderr, "caller: --to %s is not ADDRESS:PORT\n", text == NULL ? "(missing)" : text);
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
    if (rate < 1 || rate > 100000) {
        fprintf(stderr, "caller: --rate %" PRIu64 " is not in 1..100000\n", rate);
        return 2;
    }
    char json[STATUS_BYTES_MAX];
    uint64_t interval = 1000000000ull / rate, now = probe_nanos(CLOCK_MONOTONIC), send_at = now, status_at = now;
    while (!probe_stopped) {
        probe_sleep_until((now / TURN_NANOS + 1) * TURN_NANOS);
        if (fd < 0) call_up(&to);
        now = probe_nanos(CLOCK_MONOTONIC);
        if (send_at + 100 * interval < now) send_at = now; /* far behind: no burst makes up for it */
        for (; fd >= 0 && now >= send_at; send_at += interval) queue_record();
        if (fd >= 0) send_queued();
        if (fd >= 0) take_answers(now);
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
