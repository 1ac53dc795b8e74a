#include "words.h"

#include <string.h>

static const uint8_t *take(struct reader *reader, size_t bytes) {
    if (reader->broken || (size_t)(reader->end - reader->at) < bytes) {
        reader->broken = true;
        return NULL;
    }
    const uint8_t *at = reader->at;
    reader->at += bytes;
    return at;
}

uint8_t read_u8(struct reader *reader) {
    const uint8_t *at = take(reader, 1);
    return at ? *at : 0;
}

uint32_t read_u32(struct reader *reader) {
    uint32_t value = 0;
    const uint8_t *at = take(reader, 4);
    if (at) memcpy(&value, at, 4);
    return value;
}

uint64_t read_u64(struct reader *reader) {
    uint64_t value = 0;
    const uint8_t *at = take(reader, 8);
    if (at) memcpy(&value, at, 8);
    return value;
}

const uint8_t *read_bytes(struct reader *reader, uint32_t *length) {
    *length = read_u32(reader);
    const uint8_t *at = take(reader, *length);
    if (!at) *length = 0;
    return at;
}

void read_string(struct reader *reader, char *into, size_t size) {
    uint32_t length;
    const uint8_t *at = read_bytes(reader, &length);
    if (!at || length >= size || memchr(at, 0, length)) {
        reader->broken = true;
        length = 0;
    }
    if (length) memcpy(into, at, length);
    into[length] = 0;
}

void write_raw(struct writer *writer, const void *bytes, size_t length) {
    if (writer->broken || writer->size - writer->used < length) {
        writer->broken = true;
        return;
    }
    if (length) memcpy(writer->bytes + writer->used, bytes, length);
    writer->used += length;
}

void write_u8(struct writer *writer, uint8_t value) { write_raw(writer, &value, 1); }
void write_u32(struct writer *writer, uint32_t value) { write_raw(writer, &value, 4); }
void write_u64(struct writer *writer, uint64_t value) { write_raw(writer, &value, 8); }

void write_string(struct writer *writer, const char *text) {
    size_t length = strlen(text);
    write_u32(writer, (uint32_t)length);
    write_raw(writer, text, length);
}
