/*
 * The two places where a hostd may be: the virtio-serial port of the VM, and (--serve-socket) a unix socket. Both give one descriptor
 * at a time to the channel.
 */
#ifndef PORT_H
#define PORT_H

#include <poll.h>

#include "guestd.h"

/* A host that came back is noticed by the port's signal; this is for the case that the signal was missed. */
#define ABSENT_POLL_MILLIS 100

/* Opens the port, or listens at `path`. */
void port_start(const char *path);
/* Adds what to wait for; -1 or the time after which to look again. */
int port_polls(struct pollfd *polls, size_t *count, bool may_read, bool has_output);
/* Reads and writes; tells the channel when the host end comes and goes. */
void port_polled(const struct pollfd *polls, size_t count);

#endif
