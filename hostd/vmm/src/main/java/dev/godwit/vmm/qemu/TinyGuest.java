package dev.godwit.vmm.qemu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * A guest of a few instructions that shows that guests run here: firmware boots it, it writes memory and reads it back,
 * writes a byte to the serial port and ends QEMU through the {@code isa-debug-exit} device.
 *
 * <p>It is a Multiboot image (Multiboot Specification 0.6.96, section 3.1) in the flat form, so QEMU's {@code -kernel} loads
 * it: firmware, option ROM and the switch to protected mode are part of the proof.
 */
final class TinyGuest {
    /** Port of {@code isa-debug-exit}. */
    static final int EXIT_PORT = 0xf4;
    /** QEMU's exit status: the value written to the port, doubled, plus one. */
    static final int EXIT_STATUS = (0x10 << 1) | 1;

    static final int LOAD_ADDRESS = 0x100000;
    private static final int MAGIC = 0x1BADB002;
    /** Bit 16: the addresses in the header are valid. */
    private static final int ADDRESSES = 0x10000;

    private static final int HEADER_BYTES = 32;

    private TinyGuest() {}

    /** The image. */
    static byte[] image() {
        return multiboot(HexFormat.ofDelimiter(" ")
                .parseHex(
                        "bb 00 00 40 00" // mov  $0x400000,%ebx
                                + " c7 03 47 57 49 54" // movl $0x54495747,(%ebx)
                                + " 81 3b 47 57 49 54" // cmpl $0x54495747,(%ebx)
                                + " 75 0d" // jne  halt
                                + " ba f8 03 00 00" // mov  $0x3f8,%edx
                                + " b0 47" // mov  $'G',%al
                                + " ee" // out  %al,(%dx)
                                + " b0 10" // mov  $0x10,%al
                                + " e6 f4" // out  %al,$0xf4
                                + " 90" // nop
                                + " f4" // halt: hlt
                                + " eb fd")); // jmp  halt
    }

    /** Puts the header before 32-bit code that starts at its first byte. */
    static byte[] multiboot(byte[] code) {
        return ByteBuffer.allocate(HEADER_BYTES + code.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(MAGIC)
                .putInt(ADDRESSES)
                .putInt(-(MAGIC + ADDRESSES))
                .putInt(LOAD_ADDRESS) // where this header is
                .putInt(LOAD_ADDRESS) // where the image is
                .putInt(0) // to the end of the file
                .putInt(0) // no bss
                .putInt(LOAD_ADDRESS + HEADER_BYTES) // entry
                .put(code)
                .array();
    }
}
