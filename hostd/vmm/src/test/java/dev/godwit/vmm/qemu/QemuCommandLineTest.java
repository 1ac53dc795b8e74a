package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.CpuTemplate;
import dev.godwit.vmm.VmmSpec;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class QemuCommandLineTest {
    private static List<String> line(Accelerator accelerator, String host, boolean incoming) {
        VmmSpec spec = new VmmSpec(
                "vm-7",
                2,
                512,
                accelerator,
                "x86-64-v2-godwit1",
                Path.of("/run", host, "vm-7"),
                Path.of("/ram", host, "vm-7"),
                Path.of("/images/vmlinuz"),
                Path.of("/images/initrd.img"),
                "godwit.root=LABEL=root",
                Path.of("/run", host, "nbd.sock"),
                "vm-7",
                new VmmSpec.TapSpec("gw0", "02:67:77:00:00:01"),
                200_007,
                "vm-7",
                incoming);
        return QemuCommandLine.of(
                Path.of("/usr/bin/qemu-system-x86_64"),
                "pc-i440fx-7.2",
                CpuTemplate.X86_64_V2_GODWIT1,
                spec,
                new RunDirectory(spec.runDirectory()));
    }

    @Test
    void sourceAndTargetDifferInPathsAndInWaitingForTheStateOnly() {
        List<String> source = line(Accelerator.TCG, "host-a", false);
        List<String> target = line(Accelerator.TCG, "host-b", true);
        assertThat(target.subList(source.size(), target.size())).containsExactly("-incoming", "defer");
        assertThat(target.subList(0, source.size()).stream()
                        .map(word -> word.replace("host-b", "host-a"))
                        .toList())
                .isEqualTo(source);
    }

    @Test
    void theGuestIsPinnedSandboxedAndItsDiskIsHonest() {
        String line = String.join(" ", line(Accelerator.TCG, "host-a", false));
        assertThat(line)
                .contains("-machine pc-i440fx-7.2,memory-backend=ram,")
                .contains("-cpu Nehalem-v1,enforce,+aes,+pclmulqdq,+rdrand,+rdtscp,+arat ")
                .contains("-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny ")
                .contains("mem-path=/ram/host-a/vm-7,share=on,prealloc=off ")
                .contains("\"driver\":\"nbd\"", "\"reconnect-delay\":660", "\"export\":\"vm-7\"", "\"direct\":true")
                .contains("werror=stop,rerror=stop")
                .contains("name=org.godwit.guestd.0")
                .contains("tap,id=net0,fd=20,vhost=off", "mac=02:67:77:00:00:01")
                .contains("-append console=ttyS0 ", "clocksource=acpi_pm")
                .endsWith("godwit.root=LABEL=root");
        assertThat(String.join(" ", line(Accelerator.KVM, "host-a", false)))
                .contains("-accel kvm ")
                .doesNotContain("clocksource");
    }

    @Test
    void aVmWithoutNetworkHasNoNic() {
        String line = String.join(" ", withoutTap());
        assertThat(line).doesNotContain("virtio-net").doesNotContain("-netdev");
    }

    private static List<String> withoutTap() {
        VmmSpec spec = TestHost.counting(1, false, Path.of("/d"), Path.of("/r"));
        return QemuCommandLine.of(
                Path.of("/q"),
                "pc-i440fx-7.2",
                CpuTemplate.X86_64_V2_GODWIT1,
                spec,
                new RunDirectory(Path.of("/d/vm1")));
    }

    @Test
    void aPathThatQemuWouldReadAsAnOptionIsRefused() {
        VmmSpec spec = TestHost.counting(1, false, Path.of("/d,share=off"), Path.of("/r"));
        assertThatThrownBy(() -> QemuCommandLine.of(
                        Path.of("/q"),
                        "pc-i440fx-7.2",
                        CpuTemplate.X86_64_V2_GODWIT1,
                        spec,
                        new RunDirectory(spec.runDirectory())))
                .hasMessageContaining("hold no comma");
        assertThatThrownBy(() -> new RunDirectory(Path.of("/" + "x".repeat(80))))
                .hasMessageContaining("longer than 80 bytes");
    }

    @Test
    void aLargeGuestsPageTablesCountBesideItsRam() {
        assertThat(QemuDriver.overheadMib(512, Accelerator.KVM)).isEqualTo(384 + 2);
        assertThat(QemuDriver.overheadMib(65_536, Accelerator.KVM)).isEqualTo(384 + 256);
        assertThat(QemuDriver.overheadMib(65_536, Accelerator.TCG)).isEqualTo(384 + 128 + 128);
        assertThat(QemuDriver.overheadMib(1, Accelerator.TCG)).isEqualTo(384 + 1 + 128);
    }
}
