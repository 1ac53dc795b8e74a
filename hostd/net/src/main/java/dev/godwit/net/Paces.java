package dev.godwit.net;

import dev.godwit.linux.BpfMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalInt;

/** The devices in whose queues VMs' packets wait, by tap; a tap without one sends at once. Thread-safe. */
final class Paces {
    private final BpfMap paces;

    Paces(BpfMap paces) {
        this.paces = paces;
    }

    /** From here on what comes out of a tap goes to this device. */
    void put(int tapIndex, int deviceIndex) throws IOException {
        paces.put(Keys.number(tapIndex), Keys.number(deviceIndex));
    }

    OptionalInt of(int tapIndex) throws IOException {
        return paces.get(Keys.number(tapIndex))
                .map(Keys::read)
                .map(ByteBuffer::getInt)
                .map(OptionalInt::of)
                .orElseGet(OptionalInt::empty);
    }

    /** Absent is no error. */
    void remove(int tapIndex) throws IOException {
        paces.remove(Keys.number(tapIndex));
    }
}
