/* What every file of guestd shares: the log, the clock, and whether this is the real guest. */
#ifndef GUESTD_H
#define GUESTD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUESTD_VERSION "0.1.0"
#define PORT_NAME "org.godwit.guestd.0"

/* False under --serve-socket: then clock, entropy, network and power of this machine are left alone. */
extern bool in_guest;

/* One line on the serial console (stderr under --serve-socket), with guestd's prefix. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void open_console(void);

uint64_t monotonic_millis(void);

/* malloc that can't fail: memory of guestd is bounded by its limits, so a failure means that the guest is out of memory; PID 1 waits. */
void *must_alloc(size_t bytes);

#endif
