/* What the probes share: numbers, clocks, arguments and the status file. */
#ifndef GODWIT_PROBE_H
#define GODWIT_PROBE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATUS_BYTES_MAX 32768             /* the longest status: 64 clock steps of under 200 bytes, twice over */
#define STATUS_INTERVAL_NANOS 200000000ull /* a reader never sees a status older than this */

/* Set by SIGTERM and SIGINT; the probe then writes its last status and ends. */
extern volatile sig_atomic_t probe_stopped;
/* Set by SIGUSR1; what it means is the probe's. */
extern volatile sig_atomic_t probe_poked;

void probe_signals(void);
uint64_t probe_nanos(int clock);
void probe_sleep_until(uint64_t monotonic_nanos);
/* xorshift64*: enough to spread pages, not for secrets. `state` must not be 0. */
uint64_t probe_random(uint64_t *state);
/* The value of `--name V` or `fallback`; unknown arguments end the program with status 2. */
uint64_t probe_number(int argc, char **argv, const char *name, uint64_t fallback);
const char *probe_text(int argc, char **argv, const char *name, const char *fallback);
void probe_known(int argc, char **argv, const char *const *names);

/* Replaces the file at `path` with `json` and a newline, by rename: a reader sees the old or the new, never a part.
 * A NULL path does nothing. Ends the program with status 1 when the file can't be written. */
void probe_status(const char *path, const char *json);
_Noreturn void probe_fail(const char *what, const char *on);

#endif
