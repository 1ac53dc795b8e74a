#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

volatile sig_atomic_t probe_stopped;
volatile sig_atomic_t probe_poked;

static void on_stop(int signal_number) {
    (void)signal_number;
    probe_stopped = 1;
}

static void on_poke(int signal_number) {
    (void)signal_number;
    probe_poked = 1;
}

void probe_signals(void) {
    struct sigaction stop = {.sa_handler = on_stop};
    struct sigaction poke = {.sa_handler = on_poke};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGUSR1, &poke, NULL);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

uint64_t probe_nanos(int clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

void probe_sleep_until(uint64_t monotonic_nanos) {
    struct timespec until = {.tv_sec = (time_t)(monotonic_nanos / 1000000000ull),
                             .tv_nsec = (long)(monotonic_nanos % 1000000000ull)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

uint64_t probe_random(uint64_t *state) {
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545F4914F6CDD1Dull;
}

const char *probe_text(int argc, char **argv, const char *name, const char *fallback) {
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0) return argv[i + 1];
    }
    return fallback;
}

uint64_t probe_number(int argc, char **argv, const char *name, uint64_t fallback) {
    const char *text = probe_text(argc, argv, name, NULL);
    if (text == NULL) return fallback;
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno != 0 || *end != 0 || end == text || *text == '-') {
        fprintf(stderr, "%s: %s %s is not a whole number\n", argv[0], name, text);
        exit(2);
    }
    return value;
}

void probe_known(int argc, char **argv, const char *const *names) {
    for (int i = 1; i < argc; i += 2) {
        bool known = false;
        for (const char *const *name = names; *name != NULL; name++) known |= strcmp(argv[i], *name) == 0;
        if (!known || i + 1 == argc) {
            fprintf(stderr, "%s: %s %s; known:", argv[0], argv[i], known ? "needs a value" : "is unknown");
            for (const char *const *name = names; *name != NULL; name++) fprintf(stderr, " %s N", *name);
            fputc('\n', stderr);
            exit(2);
        }
    }
}

void probe_status(const char *path, const char *json) {
    if (path == NULL) return;
    char draft[4096];
    if (snprintf(draft, sizeof draft, "%s.new", path) >= (int)sizeof draft) probe_fail("name too long", path);
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) probe_fail("open", draft);
    if (dprintf(fd, "%s\n", json) < 0) probe_fail("write", draft);
    if (close(fd) != 0) probe_fail("close", draft);
    if (rename(draft, path) != 0) probe_fail("rename to", path);
}

_Noreturn void probe_fail(const char *what, const char *on) {
    fprintf(stderr, "probe: %s %s: %s\n", what, on, strerror(errno));
    exit(1);
}
