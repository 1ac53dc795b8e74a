package dev.godwit.guest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.List;

/** Writes a request's words: little endian integers, and byte strings with their length as 32 bits before them. */
final class Payload {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Payload u8(int value) {
        bytes.write(value);
        return this;
    }

    Payload u32(long value) {
        for (int shift = 0; shift < 32; shift += 8) {
            bytes.write((int) (value >>> shift));
        }
        return this;
    }

    Payload u64(long value) {
        return u32(value).u32(value >>> 32);
    }

    Payload string(String text) {
        return bytes(text.getBytes(UTF_8));
    }

    Payload bytes(byte[] value) {
        return bytes(value, 0, value.length);
    }

    Payload bytes(byte[] value, int offset, int length) {
        u32(length);
        bytes.write(value, offset, length);
        return this;
    }

    Payload strings(List<String> values) {
        u32(values.size());
        values.forEach(this::string);
        return this;
    }

    byte[] done() {
        return bytes.toByteArray();
    }
}
