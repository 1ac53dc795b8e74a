/* A process of the guest that turns on the host: it takes guestd's end of the channel to hostd.
 *
 *   hostile_guest SECONDS SEED
 *
 * For a third of the time it writes noise between guestd's own frames. Then it stops guestd, reads hostd's requests
 * itself and answers with sound frames full of lies, knowing the session. At last it lets guestd go on and ends with 0.
 * Nothing of this needs more than root in the guest. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HEADER 40
#define PAYLOAD_MAX (256 * 1024)

static int port = -1;
static uint64_t session, request;
static uint32_t sequence;
static uint8_t heard[HEADER + PAYLOAD_MAX];
static size_t heard_bytes;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t crc32c(const uint8_t *bytes, size_t length) {
    uint32_t crc = ~0u;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82f63b78u & -(crc & 1));
    }
    return ~crc;
}

/* guestd's descriptor of the port, shared: the port can be opened only once. */
static pid_t take_port(void) {
    for (pid_t pid = 1; pid < 300; pid++) {
        char folder[64];
        snprintf(folder, sizeof folder, "/proc/%d/fd", pid);
        DIR *descriptors = opendir(folder);
        for (struct dirent *entry; descriptors && (entry = readdir(descriptors));) {
            char path[400], target[64] = "";
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            if (readlink(path, target, sizeof target - 1) < 0 || strncmp(target, "/dev/vport", 10) != 0) continue;
            int process = (int)syscall(SYS_pidfd_open, pid, 0);
            port = (int)syscall(SYS_pidfd_getfd, process, atoi(entry->d_name), 0);
            closedir(descriptors);
            return pid;
        }
        if (descriptors) closedir(descriptors);
    }
    return -1;
}

/* Writes for at most a second: hostd may have hung up. */
static void say(const uint8_t *bytes, size_t length) {
    for (double end = now() + 1; length > 0 && now() < end;) {
        struct pollfd polled = {port, POLLOUT, 0};
        if (poll(&polled, 1, 100) <= 0 || (polled.revents & (POLLHUP | POLLERR))) continue;
        ssize_t put = write(port, bytes, length);
        if (put <= 0) continue;
        bytes += put;
        length -= (size_t)put;
    }
}

static void fill(uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) bytes[i] = (uint8_t)rand();
}

static void frame(uint8_t type, const uint8_t *payload, uint32_t length) {
    static uint8_t bytes[HEADER + PAYLOAD_MAX];
    uint32_t magic = 0x31475747, crc = crc32c(payload, length);
    memset(bytes, 0, HEADER);
    memcpy(bytes, &magic, 4);
    bytes[4] = 1;
    bytes[5] = type;
    memcpy(bytes + 8, &length, 4);
    memcpy(bytes + 12, &sequence, 4);
    sequence += rand() % 8 != 0;
    memcpy(bytes + 16, &session, 8);
    memcpy(bytes + 24, &request, 8);
    memcpy(bytes + 32, &crc, 4);
    crc = crc32c(bytes, 36);
    memcpy(bytes + 36, &crc, 4);
    memcpy(bytes + HEADER, payload, length);
    if (rand() % 16 == 0) bytes[(uint32_t)rand() % (HEADER + length)] ^= 1;
    say(bytes, HEADER + length);
}

static void lie(uint8_t asked) {
    static const uint8_t types[] = {0x80, 0x80, 0x80, 0x81, 0x82, 0x90, 0x90, 0x91, 0x92, 0x93, 0x7f, 1};
    static uint8_t payload[4096];
    if (asked == 1 && rand() % 4) frame(0x82, payload, 0);
    for (int lies = 1 + rand() % 3; lies > 0; lies--) {
        uint32_t length = (uint32_t)rand() % (rand() % 4 ? 40 : sizeof payload);
        fill(payload, length);
        if (rand() % 2 && length >= 16) memset(payload, rand() % 2 ? 0 : 0xff, 16), payload[0] = (uint8_t)(1 + rand() % 4);
        frame(types[(uint32_t)rand() % sizeof types], payload, length);
    }
}

/* The headers in what hostd sent; payloads are of no interest. */
static void listen_once(void) {
    struct pollfd polled = {port, POLLIN, 0};
    if (poll(&polled, 1, 50) <= 0) return;
    ssize_t got = read(port, heard + heard_bytes, sizeof heard - heard_bytes);
    if (got <= 0) return;
    heard_bytes += (size_t)got;
    size_t at = 0;
    for (; at + HEADER <= heard_bytes; at++) {
        uint32_t crc;
        memcpy(&crc, heard + at + 36, 4);
        if (memcmp(heard + at, "GWG1", 4) != 0 || crc != crc32c(heard + at, 36)) continue;
        memcpy(&session, heard + at + 16, 8);
        memcpy(&request, heard + at + 24, 8);
        lie(heard[at + 5]);
        at += HEADER - 1;
    }
    memmove(heard, heard + at, heard_bytes - at);
    heard_bytes -= at;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    double began = now(), seconds = atof(argv[1]);
    srand((unsigned)atoi(argv[2]));
    pid_t guestd = take_port();
    if (guestd < 0 || port < 0) {
        fprintf(stderr, "no process has the port open, or it can't be taken: %s\n", strerror(errno));
        return 1;
    }
    static uint8_t noise[8192];
    while (now() < began + seconds / 3) {
        size_t length = 1 + (size_t)rand() % sizeof noise;
        fill(noise, length);
        say(noise, length);
    }
    if (ptrace(PTRACE_SEIZE, guestd, 0, 0) != 0 || ptrace(PTRACE_INTERRUPT, guestd, 0, 0) != 0) {
        fprintf(stderr, "guestd %d can't be stopped: %s\n", guestd, strerror(errno));
        return 1;
    }
    waitpid(guestd, NULL, __WALL);
    while (now() < began + seconds) listen_once();
    ptrace(PTRACE_DETACH, guestd, 0, 0);
    puts("done");
    return 0;
}
