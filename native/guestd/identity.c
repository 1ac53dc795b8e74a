#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "net.h"

static int64_t nanos(const struct timespec *time) {
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

/*
 * Two clones of one memory give the same random bytes until they are reseeded; RNDRESEEDCRNG makes the kernel use the bytes now.
 * They are credited, since a guest without any other source would else refuse the reseeding (ENODATA) and let getrandom wait.
 */
static bool reseed(const uint8_t *entropy) {
    struct {
        struct rand_pool_info info;
        uint8_t bytes[ENTROPY_BYTES];
    } pool = {.info = {.entropy_count = ENTROPY_BYTES * 8, .buf_size = ENTROPY_BYTES}};
    memcpy(pool.bytes, entropy, ENTROPY_BYTES);
    int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && ioctl(fd, RNDADDENTROPY, &pool) == 0 && ioctl(fd, RNDRESEEDCRNG) == 0;
    if (fd >= 0) close(fd);
    return done;
}

/* Forward by a step, backward by slewing (the kernel's 500 ppm): a clock that jumps back breaks make and every log. */
static bool set_clock(int64_t host_nanos, int64_t *stepped, int64_t *slewing) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t lag = host_nanos - nanos(&now);
    if (lag > CLOCK_LAG_NANOS) {
        struct timespec then = {host_nanos / 1000000000, host_nanos % 1000000000};
        *stepped = lag;
        return clock_settime(CLOCK_REALTIME, &then) == 0;
    }
    if (lag < -CLOCK_AHEAD_NANOS) {
        struct timex slew = {.modes = ADJ_OFFSET_SINGLESHOT, .offset = lag / 1000 < -2000000000 ? -2000000000 : (long)(lag / 1000)};
        *slewing = lag;
        return adjtimex(&slew) >= 0;
    }
    return true;
}

static bool set_hostname(const char *name) {
    char present[65];
    if (gethostname(present, sizeof present) == 0 && strcmp(present, name) == 0) return true;
    return sethostname(name, strlen(name)) == 0;
}

void resume(struct origin origin, struct reader *reader) {
    char hostname[65];
    struct network network;
    uint32_t length;
    const uint8_t *entropy = read_bytes(reader, &length);
    int64_t host_nanos = (int64_t)read_u64(reader), stepped = 0, slewing = 0;
    uint64_t fence = read_u64(reader);
    read_string(reader, hostname, sizeof hostname);
    bool with_network = read_u8(reader);
    if (with_network) network_read(reader, &network);
    if (reader->broken || length != ENTROPY_BYTES || host_nanos <= 0) {
        answer_error(origin, BAD_REQUEST, length, "RESUME wants %d bytes of entropy, a time, a name of at most 64 bytes and a sound network", ENTROPY_BYTES);
        return;
    }
    if (in_guest) {
        errno = 0;
        if (!reseed(entropy)) {
            answer_error(origin, SYSTEM, (uint64_t)errno, "RESUME could not reseed: %s", strerror(errno));
            return;
        }
        if (!set_clock(host_nanos, &stepped, &slewing)) {
            answer_error(origin, SYSTEM, (uint64_t)errno, "RESUME could not set the clock: %s", strerror(errno));
            return;
        }
        if (hostname[0] && !set_hostname(hostname)) {
            answer_error(origin, SYSTEM, (uint64_t)errno, "RESUME could not set the name %s: %s", hostname, strerror(errno));
            return;
        }
        const char *refusal = with_network ? network_set(&network) : NULL;
        if (refusal) {
            answer_error(origin, SYSTEM, (uint64_t)errno, "RESUME could not set the network: %s: %s", refusal, strerror(errno));
            return;
        }
    }
    say("resumed as %s, fence %lu, clock stepped %ld us, slewing %ld us", hostname, fence, stepped / 1000, slewing / 1000);
    uint8_t payload[16];
    struct writer writer = {payload, 0, sizeof payload, false};
    write_u64(&writer, (uint64_t)stepped);
    write_u64(&writer, (uint64_t)slewing);
    answer_ok(origin, &writer);
}
