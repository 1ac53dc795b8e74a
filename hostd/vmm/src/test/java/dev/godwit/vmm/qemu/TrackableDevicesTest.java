package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrackableDevicesTest {
    private static final String NBD = """
            {"driver":"raw","file":{"driver":"nbd","server":{"type":"unix","path":"/run/vhost/io_uring"}},"cache":{"direct":true}}\
            """;

    @Test
    void aDiskOverAnNbdSocketIsTracked() {
        assertThatCode(() -> TrackableDevices.check(List.of("qemu", "-blockdev", NBD)))
                .doesNotThrowAnyException();
        assertThatCode(() -> TrackableDevices.check(List.of("qemu", "-netdev", "tap,id=n,fd=20,vhost=off")))
                .doesNotThrowAnyException();
        assertThatCode(() -> TrackableDevices.check(
                        List.of("qemu", "-chardev", "socket,id=a,path=/run/vfio/vhost.sock,server=on")))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-blockdev {\"driver\":\"file\",\"filename\":\"/d\"}",
                "-blockdev {\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"/d\",\"cache\":{\"direct\":true}}}",
                "-blockdev {\"driver\":\"raw\",\"file\":{\"driver\":\"host_device\",\"filename\":\"/dev/sda\"}}",
                "-blockdev {\"driver\":\"raw\",\"file\":{\"driver\":\"nbd\",\"aio\":\"io_uring\"}}",
                "-blockdev {\"driver\":\"qcow2\",\"file\":{\"driver\":\"nbd\"}}",
                "-blockdev {\"driver\":\"raw\"}",
                "-blockdev driver=file,filename=/d",
                "-drive file=/d,if=virtio,cache=none,aio=io_uring",
                "--drive file=/d",
                "-hda /d",
                "-cdrom /d",
                "-device vfio-pci,host=01:00.0",
                "-device vhost-user-blk-pci,chardev=c",
                "-device vhost-vsock-pci,guest-cid=3",
                "-netdev tap,id=n,vhost=on",
                "-netdev tap,id=n,vhost=off,vhostforce=on",
                "-netdev vhost-user,id=n,chardev=c",
                "-device ivshmem-plain,memdev=m",
                "-object memory-backend-ram,id=ram,size=1G",
                "-object memory-backend-file,id=ram,size=1G,mem-path=/r,share=off",
            })
    void aDeviceThatWritesPastThePageTablesIsRefused(String option) {
        int space = option.indexOf(' ');
        List<String> words = List.of("qemu", option.substring(0, space), option.substring(space + 1));
        assertThatThrownBy(() -> TrackableDevices.check(words)).isInstanceOf(IllegalArgumentException.class);
    }
}
