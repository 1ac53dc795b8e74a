/*
 * The one connection to a hostd. A HELLO with a fresh session number begins a session and ends the one before: subscriptions and
 * unsent answers of the old one are gone, exec sessions and their rings stay. Without a HELLO nothing is answered but NO_SESSION.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include "frame.h"
#include "words.h"

/* Answers that wait for the host; beyond this no request is read, so the memory for answers is bounded. */
#define ANSWERS_BYTES_MAX (1024u * 1024u)
/* Output is cut from the rings only as fast as it leaves, so that an answer never waits behind more than this. */
#define PUSHED_BYTES_MAX (256u * 1024u)

enum error_code {
    BAD_REQUEST = 1, UNKNOWN_ID, CONFLICT, OFFSET_GONE, OFFSET_AHEAD, LIMIT, SYSTEM, ENDED, NO_SESSION, STDIN_CLOSED,
};

/* Where an answer belongs; it is dropped when that session is over. */
struct origin {
    uint64_t session, request;
};

void channel_open(int fd);
/* The host end went away: what it subscribed to is forgotten, so the processes run free. */
void channel_lost(void);
bool channel_established(void);
/* False while answers pile up. */
bool channel_may_read(void);
bool channel_has_output(void);
bool channel_may_push(void);

/* Both give false when the host end is gone. */
bool channel_read(void);
bool channel_write(void);
/* The next request of the present session; HELLO, garbage and strangers are dealt with inside. */
bool channel_next(struct frame *frame);

void answer_ok(struct origin origin, const struct writer *payload);
void answer_error(struct origin origin, enum error_code code, uint64_t value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void push(enum frame_type type, const uint8_t *payload, size_t length);

#endif
