/* Payloads are words one after the other: integers little endian, byte strings with a 32-bit length before them. */
#ifndef WORDS_H
#define WORDS_H

#include "guestd.h"

/* A reader that has run past the end is `broken` and gives zeros; the caller checks once, at the end. */
struct reader {
    const uint8_t *at, *end;
    bool broken;
};

uint8_t read_u8(struct reader *reader);
uint32_t read_u32(struct reader *reader);
uint64_t read_u64(struct reader *reader);
const uint8_t *read_bytes(struct reader *reader, uint32_t *length);
/* A string into a buffer with a terminator; too long, or with a NUL inside, breaks the reader. */
void read_string(struct reader *reader, char *into, size_t size);

/* A payload being written; what does not fit breaks it (the sizes of all answers are bounded, so that is a defect). */
struct writer {
    uint8_t *bytes;
    size_t used, size;
    bool broken;
};

void write_u8(struct writer *writer, uint8_t value);
void write_u32(struct writer *writer, uint32_t value);
void write_u64(struct writer *writer, uint64_t value);
void write_raw(struct writer *writer, const void *bytes, size_t length);
void write_string(struct writer *writer, const char *text);

#endif
