/* Looks at the clocks every N milliseconds and keeps the largest steps of CLOCK_REALTIME between two looks, with the
 * step of CLOCK_MONOTONIC beside them. A pause of the VM shows in REALTIME (guestd sets it afterwards) and not in
 * MONOTONIC, which stands still.
 *
 *   ticker [--every-ms N] [--status FILE]
 *
 * SIGUSR1 writes the status at once and starts a new window. */
#include "probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STEPS_KEPT 64

struct step {
    int64_t realtime_nanos;
    int64_t monotonic_nanos;
    uint64_t at_realtime_nanos; /* the end of the step */
};

static struct step steps[STEPS_KEPT];
static int kept;
static uint64_t every_nanos, ticks, backwards, window, window_started;

static void keep(struct step step) {
    int place = kept < STEPS_KEPT ? kept++ : STEPS_KEPT - 1;
    if (place == STEPS_KEPT - 1 && step.realtime_nanos <= steps[place].realtime_nanos && kept == STEPS_KEPT) return;
    while (place > 0 && steps[place - 1].realtime_nanos < step.realtime_nanos) {
        steps[place] = steps[place - 1];
        place--;
    }
    steps[place] = step;
}

static void status_json(char *json) {
    int used = snprintf(json, STATUS_BYTES_MAX,
                        "{\"probe\":\"ticker\",\"everyNanos\":%" PRIu64 ",\"window\":%" PRIu64 ",\"windowStartedNanos\":%" PRIu64 ",\"ticks\":%" PRIu64
                        ",\"backwards\":%" PRIu64 ",\"nowNanos\":%" PRIu64 ",\"steps\":[",
                        every_nanos, window, window_started, ticks, backwards, probe_nanos(CLOCK_REALTIME));
    for (int i = 0; i < kept; i++) {
        used += snprintf(json + used, STATUS_BYTES_MAX - (size_t)used,
                         "%s{\"atNanos\":%" PRIu64 ",\"realtimeNanos\":%" PRId64 ",\"monotonicNanos\":%" PRId64 "}",
                         i == 0 ? "" : ",", steps[i].at_realtime_nanos, steps[i].realtime_nanos, steps[i].monotonic_nanos);
    }
    snprintf(json + used, STATUS_BYTES_MAX - (size_t)used, "]}");
}

int main(int argc, char **argv) {
    static const char *const known[] = {"--every-ms", "--status", NULL};
    probe_known(argc, argv, known);
    probe_signals();
    uint64_t every_millis = probe_number(argc, argv, "--every-ms", 1);
    if (every_millis < 1 || every_millis > 1000) {
        fprintf(stderr, "ticker: --every-ms %" PRIu64 " is not in 1..1000\n", every_millis);
        return 2;
    }
    every_nanos = every_millis * 1000000ull;
    const char *status = probe_text(argc, argv, "--status", NULL);
    char json[STATUS_BYTES_MAX];
    uint64_t realtime = probe_nanos(CLOCK_REALTIME), monotonic = probe_nanos(CLOCK_MONOTONIC);
    uint64_t tick_at, status_at = monotonic, line_at = monotonic + 1000000000ull;
    window_started = realtime;
    while (!probe_stopped) {
        tick_at = (monotonic / every_nanos + 1) * every_nanos; /* the whole millisecond: other probes wake up then, too */
        probe_sleep_until(tick_at);
        uint64_t realtime_now = probe_nanos(CLOCK_REALTIME), monotonic_now = probe_nanos(CLOCK_MONOTONIC);
        struct step step = {.realtime_nanos = (int64_t)(realtime_now - realtime),
                            .monotonic_nanos = (int64_t)(monotonic_now - monotonic),
                            .at_realtime_nanos = realtime_now};
        realtime = realtime_now;
        monotonic = monotonic_now;
        ticks++;
        if (step.realtime_nanos < 0) backwards++;
        keep(step);
        if (probe_poked || monotonic >= status_at) {
            status_json(json);
            probe_status(status, json);
            status_at = monotonic + STATUS_INTERVAL_NANOS;
        }
        if (probe_poked) {
            probe_poked = 0;
            printf("%s\n", json);
            kept = 0;
            window++;
            window_started = realtime;
        }
        if (monotonic >= line_at) {
            printf("ticker: ticks %" PRIu64 " largest step %.3f ms\n", ticks, (double)steps[0].realtime_nanos / 1e6);
            line_at = monotonic + 1000000000ull;
        }
    }
    status_json(json);
    probe_status(status, json);
    printf("%s\n", json);
    return 0;
}
