package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class QemuVersionTest {
    private static final String VERSION = "QEMU emulator version 9.0.2 (Debian 1:9.0.2)\nCopyright";

    private static String machines(String... versions) {
        StringBuilder text = new StringBuilder("Supported machines are:\nmicrovm              microvm (i386)\n"
                + "pc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-9.0)\n");
        for (String version : versions) {
            text.append("pc-i440fx-").append(version).append("        Standard PC (i440FX + PIIX, 1996)\n");
        }
        return text.append("pc-q35-7.2           Standard PC (Q35)\n").toString();
    }

    @Test
    void theNewestMachineTypeNotNewerThanTheTestedOneIsTaken() throws Exception {
        assertThat(QemuVersion.parse(VERSION, machines("9.0", "8.2", "7.2", "7.1")))
                .isEqualTo(new QemuVersion("QEMU 9.0.2", "pc-i440fx-7.2"));
        assertThat(QemuVersion.parse(VERSION, machines("2.12", "6.2", "7.1")).machineType())
                .isEqualTo("pc-i440fx-7.1");
        assertThat(QemuVersion.parse(VERSION, machines("10.1", "2.12", "2.9")).machineType())
                .isEqualTo("pc-i440fx-2.12");
    }

    @Test
    void aQemuWithoutAKnownMachineTypeIsRefused() {
        assertThatThrownBy(() -> QemuVersion.parse(VERSION, machines("8.0")))
                .hasMessageContaining("QEMU 9.0.2 has no machine type pc-i440fx up to pc-i440fx-7.2");
        assertThatThrownBy(() -> QemuVersion.parse("command not found", machines("7.2")))
                .hasMessageContaining("names no version");
    }
}
