package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.api.CreateVm;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.net.Prefix;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProjectNamesTest {
    private static final InetAddress DEFAULT_VM = InetAddress.ofLiteral("10.77.0.2");
    private static final InetAddress MAIN_VM = InetAddress.ofLiteral("10.77.0.3");
    private static final InetAddress MAIN_OTHER = InetAddress.ofLiteral("10.77.0.4");
    private static final InetAddress MAIN_OTHER6 = InetAddress.ofLiteral("2001:db8:77::4");

    private final ProjectNames names =
            new ProjectNames(new VmAddresses(Prefix.parse("10.77.0.0/16"), Prefix.parse("2001:db8:77::/64")));

    private static OwnershipRecord vm(String name, String project, String address, int vni) {
        CreateVm request = new CreateVm(name, "debian-ci", 1, 512, 1024, null, null, Map.of(), null, project);
        return new OwnershipRecord("vm-" + name, name, "host-a", 1, address, Json.line(request), vni, 1);
    }

    @BeforeEach
    void threeVmsOfTwoProjects() {
        names.tell(List.of(
                vm("web", "default", "10.77.0.2", 1),
                vm("build-1", "ci-main", "10.77.0.3", 2),
                vm("build-2", "ci-main", "10.77.0.4", 2)));
    }

    @Test
    void aVmIsToldOfTheVmsOfItsOwnProjectUnderThatProjectsName() {
        assertThat(names.addresses(MAIN_VM, "build-2", "ci-main")).containsExactly(MAIN_OTHER, MAIN_OTHER6);
        assertThat(names.addresses(MAIN_OTHER6, "build-1", "ci-main")).contains(MAIN_VM);
        assertThat(names.addresses(DEFAULT_VM, "web", "default")).contains(DEFAULT_VM);
    }

    @Test
    void aVmOfAnotherProjectIsNotThere() {
        assertThat(names.addresses(DEFAULT_VM, "build-1", "ci-main")).isEmpty();
        assertThat(names.addresses(MAIN_VM, "web", "default")).isEmpty();
        assertThat(names.addresses(MAIN_VM, "build-1", "default"))
                .as("not under another name")
                .isEmpty();
    }

    @Test
    void whoIsNoVmIsToldNothing() {
        assertThat(names.addresses(InetAddress.ofLiteral("192.0.2.1"), "web", "default"))
                .isEmpty();
        names.tell(List.of());
        assertThat(names.addresses(DEFAULT_VM, "web", "default")).isEmpty();
    }
}
