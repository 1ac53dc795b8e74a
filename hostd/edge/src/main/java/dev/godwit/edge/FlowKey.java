package dev.godwit.edge;

import java.util.Arrays;
import java.util.HexFormat;

/** What tells one connection from all others: family, protocol, and the addresses and ports of its first packet. */
final class FlowKey {
    private final byte[] bytes;
    private final int hash;

    FlowKey(byte[] bytes) {
        this.bytes = bytes;
        this.hash = Arrays.hashCode(bytes);
    }

    int size() {
        return bytes.length;
    }

    byte[] bytes() {
        return bytes.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FlowKey that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return HexFormat.of().formatHex(bytes);
    }
}
