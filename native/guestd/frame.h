/*
 * Frames of the channel between hostd and guestd, both directions, little endian:
 *
 *   0 magic "GWG1"   4 version   5 type   6 flags (0)   8 payload length   12 sequence   16 session   24 request
 *   32 CRC32C of the payload   36 CRC32C of bytes 0..35   40 payload
 *
 * The header's own CRC makes a length believable before its payload is there. A reader that meets garbage looks for the next magic.
 * HELLO and HELLO_ACK are also found inside a frame that is not complete: a connection that broke in mid-frame leaves such a
 * frame behind, and the next connection's first words would be swallowed as its payload.
 */
#ifndef FRAME_H
#define FRAME_H

#include "guestd.h"

#define FRAME_HEADER 40u
/* Large enough that a frame's cost is its bytes, small enough that a queue of frames stays in a small guest. */
#define FRAME_PAYLOAD_MAX (256u * 1024u)
#define FRAME_VERSION 1

enum frame_type {
    HELLO = 1, RESUME, PING, EXEC, SUBSCRIBE, CREDIT, UNSUBSCRIBE, STDIN, SIGNAL, STATUS, FORGET, WINSIZE, PUT, GET, STAT, SHUTDOWN, LIST,
    OK = 0x80, ERROR, HELLO_ACK,
    OUTPUT = 0x90, OUTPUT_END, EXITED, GAP,
};

struct frame {
    uint8_t type;
    uint32_t sequence, length;
    uint64_t session, request;
    const uint8_t *payload;
};

struct parser {
    uint8_t bytes[FRAME_HEADER + FRAME_PAYLOAD_MAX + 64 * 1024];
    size_t start, end;
    uint64_t dropped_bytes;
};

uint32_t crc32c(const uint8_t *bytes, size_t length);

/* Where the next bytes of the channel go, and how many fit; at least one byte always does. */
uint8_t *parser_room(struct parser *parser, size_t *room);
void parser_filled(struct parser *parser, size_t bytes);
/* The next sound frame, valid until parser_room; false when more bytes are needed. */
bool parser_next(struct parser *parser, struct frame *frame);

void frame_encode(uint8_t *header, const struct frame *frame);

#endif
