package dev.godwit.vmm.qemu;

import dev.godwit.vmm.GuestMemory;
import dev.godwit.volume.Pages;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;

/**
 * A guest of 27 instructions that counts for ever and checks its own memory: step n is written to page n mod 1024 of 4
 * MiB, where step n-1024 must stand. It says {@code C} on the serial port at its start and {@code E} at each wrong page,
 * and dirties some thousand pages a second.
 */
final class CountingGuest {
    /** Where the steps are counted. */
    static final long COUNTER_ADDRESS = 0x200000;
    /** Where the wrong pages are counted. */
    static final long ERRORS_ADDRESS = 0x200004;

    private CountingGuest() {}

    static byte[] image() {
        return TinyGuest.multiboot(HexFormat.ofDelimiter(" ")
                .parseHex(
                        "ba f8 03 00 00" // mov  $0x3f8,%edx
                                + " b0 43" // mov  $'C',%al
                                + " ee" // out  %al,(%dx)
                                + " 31 c9" // xor  %ecx,%ecx
                                + " 89 0d 00 00 20 00" // mov  %ecx,0x200000
                                + " 89 0d 04 00 20 00" // mov  %ecx,0x200004
                                + " ff 05 00 00 20 00" // step: incl 0x200000
                                + " a1 00 00 20 00" // mov  0x200000,%eax
                                + " 89 cb" // mov  %ecx,%ebx
                                + " c1 e3 0c" // shl  $12,%ebx
                                + " 81 c3 00 00 40 00" // add  $0x400000,%ebx
                                + " 8d b8 00 fc ff ff" // lea  -1024(%eax),%edi
                                + " 3d 00 04 00 00" // cmp  $1024,%eax
                                + " 76 12" // jbe  write
                                + " 39 3b" // cmp  %edi,(%ebx)
                                + " 74 0e" // je   write
                                + " ff 05 04 00 20 00" // incl 0x200004
                                + " b0 45" // mov  $'E',%al
                                + " ee" // out  %al,(%dx)
                                + " a1 00 00 20 00" // mov  0x200000,%eax
                                + " 89 03" // write: mov %eax,(%ebx)
                                + " 41" // inc  %ecx
                                + " 81 e1 ff 03 00 00" // and  $1023,%ecx
                                + " be 20 4e 00 00" // mov  $20000,%esi
                                + " 4e" // delay: dec %esi
                                + " 75 fd" // jne  delay
                                + " eb b8")); // jmp  step
    }

    static long counter(GuestMemory memory) throws IOException {
        return word(memory, COUNTER_ADDRESS);
    }

    static long errors(GuestMemory memory) throws IOException {
        return word(memory, ERRORS_ADDRESS);
    }

    private static long word(GuestMemory memory, long address) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment page = arena.allocate(Pages.PAGE_BYTES);
            memory.read(address / Pages.PAGE_BYTES, 1, page);
            return Integer.toUnsignedLong(page.get(ValueLayout.JAVA_INT, address % Pages.PAGE_BYTES));
        }
    }
}
