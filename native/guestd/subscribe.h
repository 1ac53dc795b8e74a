/*
 * Subscriptions: the host reads a stream from an offset; guestd pushes as far as `consumed` + window, and holds the process back
 * (its pipe is not read) while the slowest subscription has not consumed what would be overwritten.
 */
#ifndef SUBSCRIBE_H
#define SUBSCRIBE_H

#include "exec.h"

/* Each host connection has few readers a stream; the bound keeps the round-robin short. */
#define SUBSCRIPTIONS_MAX 256
#define WINDOW_BYTES_MAX (4u * 1024u * 1024u)
/* Small enough that streams share the channel fairly, large enough that headers do not count. */
#define PUSH_BYTES_MAX (64u * 1024u)

void subscribe(struct origin origin, struct reader *reader);
void unsubscribe(struct origin origin, struct reader *reader);
void credit(struct reader *reader);
void subscriptions_drop(void);
void subscriptions_drop_of(const struct session *session);
/* The first offset that a subscription still needs; UINT64_MAX when nobody reads the stream. */
uint64_t subscriptions_keep(const struct session *session, enum stream_name name);
/* Queues output while the channel takes it. */
void subscriptions_push(void);

#endif
