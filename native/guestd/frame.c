#include "frame.h"

#include <string.h>

static const uint8_t MAGIC[4] = {'G', 'W', 'G', '1'};

static uint32_t table[8][256];

static void make_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
        table[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int k = 1; k < 8; k++) table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xff];
}

uint32_t crc32c(const uint8_t *bytes, size_t length) {
    if (!table[0][1]) make_table();
    uint32_t crc = ~0u;
    for (; length >= 8; bytes += 8, length -= 8) {
        uint32_t low, high;
        memcpy(&low, bytes, 4);
        memcpy(&high, bytes + 4, 4);
        low ^= crc;
        crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^ table[4][low >> 24]
            ^ table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^ table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
    }
    while (length--) crc = crc >> 8 ^ table[0][(crc ^ *bytes++) & 0xff];
    return ~crc;
}

uint8_t *parser_room(struct parser *parser, size_t *room) {
    if (parser->start > 0) {
        memmove(parser->bytes, parser->bytes + parser->start, parser->end - parser->start);
        parser->end -= parser->start;
        parser->start = 0;
    }
    *room = sizeof parser->bytes - parser->end;
    return parser->bytes + parser->end;
}

void parser_filled(struct parser *parser, size_t bytes) {
    parser->end += bytes;
}

static bool header_is_sound(const uint8_t *at) {
    uint32_t crc, length;
    memcpy(&crc, at + 36, 4);
    memcpy(&length, at + 8, 4);
    return memcmp(at, MAGIC, 4) == 0 && at[4] == FRAME_VERSION && length <= FRAME_PAYLOAD_MAX && crc == crc32c(at, 36);
}

/* 1 a sound frame, 0 more bytes are needed, -1 no frame starts here. */
static int read_frame(const uint8_t *at, size_t available, struct frame *frame) {
    if (available < FRAME_HEADER) return 0;
    if (!header_is_sound(at)) return -1;
    uint32_t crc;
    frame->type = at[5];
    memcpy(&frame->length, at + 8, 4);
    memcpy(&frame->sequence, at + 12, 4);
    memcpy(&frame->session, at + 16, 8);
    memcpy(&frame->request, at + 24, 8);
    memcpy(&crc, at + 32, 4);
    frame->payload = at + FRAME_HEADER;
    if (available < FRAME_HEADER + frame->length) return 0;
    return crc == crc32c(frame->payload, frame->length) ? 1 : -1;
}

static size_t find_magic(const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        size_t have = length - i < 4 ? length - i : 4;
        if (memcmp(bytes + i, MAGIC, have) == 0) return i;
    }
    return length;
}

/* Skips an unfinished frame when a whole HELLO stands inside what should be its payload. */
static bool skip_to_hello(struct parser *parser) {
    size_t at = parser->start + FRAME_HEADER;
    struct frame inner;
    while (at + FRAME_HEADER <= parser->end) {
        const uint8_t *found = memmem(parser->bytes + at, parser->end - at, MAGIC, 4);
        if (!found) return false;
        at = (size_t)(found - parser->bytes);
        if (read_frame(found, parser->end - at, &inner) == 1 && (inner.type == HELLO || inner.type == HELLO_ACK)) {
            parser->dropped_bytes += at - parser->start;
            parser->start = at;
            return true;
        }
        at++;
    }
    return false;
}

bool parser_next(struct parser *parser, struct frame *frame) {
    for (;;) {
        size_t garbage = find_magic(parser->bytes + parser->start, parser->end - parser->start);
        parser->start += garbage;
        parser->dropped_bytes += garbage;
        int got = read_frame(parser->bytes + parser->start, parser->end - parser->start, frame);
        if (got == 1) {
            parser->start += FRAME_HEADER + frame->length;
            return true;
        }
        if (got == 0) {
            if (!skip_to_hello(parser)) return false;
        } else {
            parser->start++;
            parser->dropped_bytes++;
        }
    }
}

void frame_encode(uint8_t *header, const struct frame *frame) {
    uint32_t crc = crc32c(frame->payload, frame->length);
    memset(header, 0, FRAME_HEADER);
    memcpy(header, MAGIC, 4);
    header[4] = FRAME_VERSION;
    header[5] = frame->type;
    memcpy(header + 8, &frame->length, 4);
    memcpy(header + 12, &frame->sequence, 4);
    memcpy(header + 16, &frame->session, 8);
    memcpy(header + 24, &frame->request, 8);
    memcpy(header + 32, &crc, 4);
    crc = crc32c(header, 36);
    memcpy(header + 36, &crc, 4);
}
