/* Writes files of random size and content, remembers their hashes, syncs them, drops the page cache, reads them again
 * and compares, until SIGTERM. The files live in a fixed number of slots, so the space is bounded. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLOTS_MAX 4096u
#define PIECE_BYTES 65536u
#define REPORTS_MAX 32u

struct slot {
    uint64_t bytes;
    uint64_t hash;
    bool used;
};

static struct slot slots[SLOTS_MAX];
static uint64_t written, reread, errors, drops;
static const char *directory;
static bool cache_droppable = true;

static uint64_t hash_piece(uint64_t hash, const unsigned char *piece, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ piece[i]) * 0x100000001B3ull;
    return hash;
}

static void slot_path(char *path, unsigned slot) {
    if (snprintf(path, 4096, "%s/probe-%04u", directory, slot) >= 4096) probe_fail("name too long", directory);
}

static void write_slot(unsigned slot, uint64_t bytes, uint64_t *random) {
    static unsigned char piece[PIECE_BYTES];
    char path[4096];
    slot_path(path, slot);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) probe_fail("open", path);
    uint64_t hash = 0xCBF29CE484222325ull;
    for (uint64_t done = 0; done < bytes;) {
        size_t length = bytes - done < PIECE_BYTES ? (size_t)(bytes - done) : PIECE_BYTES;
        for (size_t i = 0; i < length; i += 8) {
            uint64_t word = probe_random(random);
            memcpy(piece + i, &word, length - i < 8 ? length - i : 8);
        }
        hash = hash_piece(hash, piece, length);
        for (size_t at = 0; at < length;) {
            ssize_t n = write(fd, piece + at, length - at);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) probe_fail("write", path);
            at += (size_t)n;
        }
        done += length;
    }
    if (fsync(fd) != 0) probe_fail("fsync", path);
    if (close(fd) != 0) probe_fail("close", path);
    slots[slot] = (struct slot){.bytes = bytes, .hash = hash, .used = true};
    written++;
}

static void check_slot(unsigned slot) {
    static unsigned char piece[PIECE_BYTES];
    char path[4096];
    slot_path(path, slot);
    reread++;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errors++ < REPORTS_MAX) printf("files: open %s: %s\n", path, strerror(errno));
        slots[slot].used = false;
        return;
    }
    if (!cache_droppable) posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    uint64_t hash = 0xCBF29CE484222325ull, bytes = 0;
    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) printf("files: read %s at %" PRIu64 ": %s\n", path, bytes, strerror(errno));
        if (n <= 0) break;
        hash = hash_piece(hash, piece, (size_t)n);
        bytes += (uint64_t)n;
    }
    close(fd);
    if (bytes == slots[slot].bytes && hash == slots[slot].hash) return;
    if (errors++ < REPORTS_MAX) {
        printf("files: %s differs: %" PRIu64 " bytes with hash %016" PRIx64 ", written %" PRIu64 " with %016" PRIx64 "\n",
               path, bytes, hash, slots[slot].bytes, slots[slot].hash);
    }
    slots[slot].used = false; /* counted once; the slot is written anew */
}

static void drop_cache(void) {
    int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
    cache_droppable = fd >= 0 && write(fd, "1\n", 2) == 2;
    if (fd >= 0) close(fd);
    if (cache_droppable) drops++;
}

static void status_json(char *json) {
    snprintf(json, STATUS_BYTES_MAX,
             "{\"probe\":\"files\",\"files\":%" PRIu64 ",\"reread\":%" PRIu64 ",\"errors\":%" PRIu64
             ",\"cacheDrops\":%" PRIu64 "}",
             written, reread, errors, drops);
}

int main(int argc, char **argv) {
    static const char *const known[] = {"--dir", "--slots", "--kib-max", "--pause-ms", "--drop-ms", "--seed", "--status", NULL};
    probe_known(argc, argv, known);
    probe_signals();
    directory = probe_text(argc, argv, "--dir", NULL);
    uint64_t slot_count = probe_number(argc, argv, "--slots", 64);
    uint64_t kib_max = probe_number(argc, argv, "--kib-max", 256);
    uint64_t pause_ms = probe_number(argc, argv, "--pause-ms", 250);
    uint64_t drop_ms = probe_number(argc, argv, "--drop-ms", 5000);
    uint64_t random = probe_number(argc, argv, "--seed", 0);
    const char *status = probe_text(argc, argv, "--status", NULL);
    if (directory == NULL || slot_count < 1 || slot_count > SLOTS_MAX || kib_max < 1 || kib_max > 1048576) {
        fprintf(stderr, "files: needs --dir DIR, --slots in 1..%u and --kib-max in 1..1048576\n", SLOTS_MAX);
        return 2;
    }
    if (random == 0) random = probe_nanos(CLOCK_REALTIME) | 1;
    if (mkdir(directory, 0755) != 0 && errno != EEXIST) probe_fail("mkdir", directory);

    char json[STATUS_BYTES_MAX];
    uint64_t now = probe_nanos(CLOCK_MONOTONIC);
    uint64_t line_at = now + 1000000000ull, drop_at = now + drop_ms * 1000000ull;
    while (!probe_stopped) {
        write_slot((unsigned)(probe_random(&random) % slot_count), 1 + probe_random(&random) % (kib_max * 1024), &random);
        now = probe_nanos(CLOCK_MONOTONIC);
        if (now >= drop_at) {
            drop_cache();
            for (unsigned slot = 0; slot < slot_count && !probe_stopped; slot++) {
                if (slots[slot].used) check_slot(slot);
            }
            drop_at = probe_nanos(CLOCK_MONOTONIC) + drop_ms * 1000000ull;
        }
        if (now >= line_at) {
            printf("files: files %" PRIu64 " reread %" PRIu64 " errors %" PRIu64 "\n", written, reread, errors);
            line_at = now + 1000000000ull;
        }
        uint64_t resume_at = now + pause_ms * 1000000ull;
        do { /* the pause is cut in pieces, so that the status stays fresh */
            status_json(json);
            probe_status(status, json);
            now = probe_nanos(CLOCK_MONOTONIC);
            uint64_t next = now + STATUS_INTERVAL_NANOS;
            if (now < resume_at) probe_sleep_until(next < resume_at ? next : resume_at);
        } while (!probe_stopped && probe_nanos(CLOCK_MONOTONIC) < resume_at);
    }
    drop_cache();
    for (unsigned slot = 0; slot < slot_count; slot++) {
        if (slots[slot].used) check_slot(slot);
    }
    status_json(json);
    probe_status(status, json);
    printf("%s\nfiles %" PRIu64 " reread %" PRIu64 " errors %" PRIu64 "\n", json, written, reread, errors);
    return errors == 0 ? 0 : 1;
}
