#include "channel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "subscribe.h"

struct outgoing {
    struct outgoing *next;
    size_t length, sent;
    uint8_t bytes[];
};

static struct {
    int fd;
    uint64_t session;
    bool established;
    uint32_t send_sequence, expected_sequence;
    struct outgoing *head, **tail;
    size_t queued_bytes;
    struct parser parser;
} channel = {.fd = -1, .tail = &channel.head};

static void drop_queue(bool keep_started) {
    struct outgoing *keep = NULL;
    while (channel.head) {
        struct outgoing *frame = channel.head;
        channel.head = frame->next;
        /* A frame that is half out is finished, else the host would take the next frame's bytes for its rest. */
        if (keep_started && !keep && frame->sent > 0) {
            keep = frame;
            keep->next = NULL;
        } else {
            free(frame);
        }
    }
    channel.head = keep;
    channel.tail = keep ? &keep->next : &channel.head;
    channel.queued_bytes = keep ? keep->length - keep->sent : 0;
}

void channel_open(int fd) {
    channel.fd = fd;
    channel.parser.start = channel.parser.end = 0;
    drop_queue(false);
}

void channel_lost(void) {
    channel.established = false;
    channel.parser.start = channel.parser.end = 0;
    drop_queue(false);
    subscriptions_drop();
}

bool channel_established(void) { return channel.established; }
bool channel_may_read(void) { return channel.queued_bytes < ANSWERS_BYTES_MAX; }
bool channel_has_output(void) { return channel.head != NULL; }
bool channel_may_push(void) { return channel.established && channel.queued_bytes < PUSHED_BYTES_MAX; }

bool channel_read(void) {
    size_t room;
    uint8_t *into = parser_room(&channel.parser, &room);
    if (room == 0) return true;
    ssize_t got = read(channel.fd, into, room);
    if (got > 0) parser_filled(&channel.parser, (size_t)got);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

bool channel_write(void) {
    while (channel.head) {
        struct outgoing *frame = channel.head;
        ssize_t put = write(channel.fd, frame->bytes + frame->sent, frame->length - frame->sent);
        if (put < 0) return errno == EAGAIN || errno == EINTR;
        if (put == 0) return true;
        frame->sent += (size_t)put;
        channel.queued_bytes -= (size_t)put;
        if (frame->sent < frame->length) continue;
        channel.head = frame->next;
        if (!channel.head) channel.tail = &channel.head;
        free(frame);
    }
    return true;
}

static void enqueue(enum frame_type type, uint64_t session, uint32_t sequence, uint64_t request, const uint8_t *payload, size_t length) {
    struct outgoing *out = must_alloc(sizeof *out + FRAME_HEADER + length);
    struct frame frame = {(uint8_t)type, sequence, (uint32_t)length, session, request, payload};
    out->next = NULL;
    out->sent = 0;
    out->length = FRAME_HEADER + length;
    frame_encode(out->bytes, &frame);
    if (length) memcpy(out->bytes + FRAME_HEADER, payload, length);
    *channel.tail = out;
    channel.tail = &out->next;
    channel.queued_bytes += out->length;
}

static void send_in_session(enum frame_type type, uint64_t request, const uint8_t *payload, size_t length) {
    enqueue(type, channel.session, channel.send_sequence++, request, payload, length);
}

void push(enum frame_type type, const uint8_t *payload, size_t length) {
    if (channel.established) send_in_session(type, 0, payload, length);
}

void answer_ok(struct origin origin, const struct writer *payload) {
    if (!channel.established || origin.session != channel.session) return;
    if (payload && payload->broken) {
        answer_error(origin, LIMIT, FRAME_PAYLOAD_MAX, "the answer is larger than a frame");
        return;
    }
    send_in_session(OK, origin.request, payload ? payload->bytes : NULL, payload ? payload->used : 0);
}

static size_t error_payload(uint8_t *into, size_t size, enum error_code code, uint64_t value, const char *message) {
    struct writer writer = {into, 0, size, false};
    write_u32(&writer, code);
    write_u64(&writer, value);
    write_string(&writer, message);
    return writer.used;
}

void answer_error(struct origin origin, enum error_code code, uint64_t value, const char *format, ...) {
    if (!channel.established || origin.session != channel.session) return;
    char message[512];
    uint8_t payload[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    send_in_session(ERROR, origin.request, payload, error_payload(payload, sizeof payload, code, value, message));
}

static void refuse_stranger(const struct frame *frame) {
    uint8_t payload[200];
    size_t length = error_payload(payload, sizeof payload, NO_SESSION, channel.session, "no such session: say HELLO first");
    enqueue(ERROR, frame->session, 0, frame->request, payload, length);
}

static void welcome(const struct frame *frame) {
    if (!channel.established || frame->session != channel.session) {
        drop_queue(true);
        subscriptions_drop();
        channel.session = frame->session;
        channel.established = true;
        channel.send_sequence = 0;
    }
    channel.expected_sequence = frame->sequence + 1;
    struct timespec up;
    clock_gettime(CLOCK_BOOTTIME, &up);
    uint8_t payload[128];
    struct writer writer = {payload, 0, sizeof payload, false};
    write_u32(&writer, FRAME_VERSION);
    write_string(&writer, GUESTD_VERSION);
    write_u64(&writer, (uint64_t)up.tv_sec * 1000000000u + (uint64_t)up.tv_nsec);
    write_u8(&writer, in_guest);
    send_in_session(HELLO_ACK, frame->request, payload, writer.used);
}

static void note_sequence(const struct frame *frame) {
    if (frame->sequence != channel.expected_sequence) {
        uint8_t payload[8];
        struct writer writer = {payload, 0, sizeof payload, false};
        write_u32(&writer, channel.expected_sequence);
        write_u32(&writer, frame->sequence);
        push(GAP, payload, writer.used);
    }
    channel.expected_sequence = frame->sequence + 1;
}

bool channel_next(struct frame *frame) {
    while (channel_may_read() && parser_next(&channel.parser, frame)) {
        if (frame->type == HELLO) {
            welcome(frame);
        } else if (!channel.established || frame->session != channel.session) {
            refuse_stranger(frame);
        } else {
            note_sequence(frame);
            return true;
        }
    }
    return false;
}
