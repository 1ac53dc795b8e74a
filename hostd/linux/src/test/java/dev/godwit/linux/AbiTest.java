package dev.godwit.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares every constant, size and offset with what a C compiler says on this machine. */
class AbiTest {
    @TempDir
    static Path folder;

    private static final Map<String, Long> C = new TreeMap<>();

    @BeforeAll
    static void askTheCompiler() throws IOException, InterruptedException {
        Path source = folder.resolve("abi.c");
        try (InputStream resource = AbiTest.class.getResourceAsStream("abi.c")) {
            assertThat(resource).isNotNull();
            Files.copy(resource, source);
        }
        String program = folder.resolve("abi").toString();
        run("gcc", "-Wall", "-Werror", "-o", program, source.toString());
        run(program).lines().map(line -> line.split(" ", 2)).forEach(pair -> C.put(pair[0], Long.parseLong(pair[1])));
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }

    @Test
    void everyErrnoHasTheNameThatTheCLibraryGivesIt() {
        Map<String, Long> errnos = new TreeMap<>();
        C.forEach((name, value) -> {
            if (name.startsWith("errno.")) {
                errnos.put(name.substring(6), value);
            }
        });
        assertThat(errnos).hasSizeGreaterThan(130);
        Map<String, Long> ours = new TreeMap<>();
        for (int i = 1; i < 200; i++) {
            if (!Errno.name(i).startsWith("errno ")) {
                ours.put(Errno.name(i), (long) i);
            }
        }
        // The C library's name of 95 is ENOTSUP; it is the same number as the kernel's EOPNOTSUPP.
        errnos.computeIfPresent("ENOTSUP", (name, value) -> null);
        errnos.put("EOPNOTSUPP", 95L);
        assertThat(ours).isEqualTo(errnos);
        assertThat(Errno.name(0)).isEqualTo("errno 0");
        assertThat(Errno.name(41)).isEqualTo("errno 41");
    }

    @Test
    void everyErrnoConstantHasItsNumber() throws IllegalAccessException {
        int constants = 0;
        for (Field field : Errno.class.getDeclaredFields()) {
            if (field.getType() == int.class && Modifier.isPublic(field.getModifiers())) {
                assertThat(Errno.name(field.getInt(null))).isEqualTo(field.getName());
                constants++;
            }
        }
        assertThat(constants).isGreaterThan(20);
    }

    @Test
    void constantsSizesAndOffsetsAreThoseOfC() {
        Map<String, Long> ours = new TreeMap<>();
        put(ours, "O_RDONLY", Descriptor.O_RDONLY);
        put(ours, "O_RDWR", Descriptor.O_RDWR);
        put(ours, "O_CREAT", Descriptor.O_CREAT);
        put(ours, "O_EXCL", Descriptor.O_EXCL);
        put(ours, "O_NONBLOCK", Descriptor.O_NONBLOCK);
        put(ours, "O_NOFOLLOW", Descriptor.O_NOFOLLOW);
        put(ours, "stat.st_nlink", ForeignFile.STAT_LINKS);
        put(ours, "stat.st_mode", ForeignFile.STAT_MODE);
        put(ours, "S_IFMT", ForeignFile.S_IFMT);
        put(ours, "S_IFREG", ForeignFile.S_IFREG);
        put(ours, "O_CLOEXEC", Descriptor.O_CLOEXEC);
        put(ours, "F_DUPFD_CLOEXEC", Descriptor.F_DUPFD_CLOEXEC);
        put(ours, "SEEK_DATA", SparseFile.SEEK_DATA);
        put(ours, "SEEK_HOLE", SparseFile.SEEK_HOLE);
        put(ours, "FALLOC_FL_KEEP_SIZE", SparseFile.FALLOC_FL_KEEP_SIZE);
        put(ours, "FALLOC_FL_PUNCH_HOLE", SparseFile.FALLOC_FL_PUNCH_HOLE);
        put(ours, "FALLOC_FL_ZERO_RANGE", SparseFile.FALLOC_FL_ZERO_RANGE);
        put(ours, "POSIX_FADV_WILLNEED", SparseFile.POSIX_FADV_WILLNEED);
        put(ours, "sizeof.stat", SparseFile.STAT_BYTES);
        put(ours, "stat.st_size", SparseFile.STAT_SIZE);
        put(ours, "stat.st_blocks", SparseFile.STAT_BLOCKS);
        put(ours, "SYS_userfaultfd", Userfaultfd.SYS_USERFAULTFD);
        put(ours, "UFFD_API", Userfaultfd.API);
        put(ours, "USERFAULTFD_IOC_NEW", Userfaultfd.IOC_NEW);
        put(ours, "UFFDIO_API", Userfaultfd.IOC_API);
        put(ours, "UFFDIO_REGISTER", Userfaultfd.IOC_REGISTER);
        put(ours, "UFFDIO_WAKE", Userfaultfd.IOC_WAKE);
        put(ours, "UFFDIO_COPY", Userfaultfd.IOC_COPY);
        put(ours, "UFFDIO_WRITEPROTECT", Userfaultfd.IOC_WRITE_PROTECT);
        put(ours, "UFFDIO_COPY_MODE_WP", Userfaultfd.COPY_MODE_WP);
        put(ours, "UFFDIO_WRITEPROTECT_MODE_WP", Userfaultfd.WRITE_PROTECT_MODE_WP);
        put(ours, "UFFDIO_REGISTER_MODE_MISSING", Userfaultfd.REGISTER_MISSING);
        put(ours, "UFFDIO_REGISTER_MODE_WP", Userfaultfd.REGISTER_WRITE_PROTECT);
        put(ours, "UFFD_FEATURE_MISSING_SHMEM", Userfaultfd.FEATURE_MISSING_SHMEM);
        put(ours, "UFFD_FEATURE_WP_UNPOPULATED", Userfaultfd.FEATURE_WP_UNPOPULATED);
        put(ours, "UFFD_FEATURE_WP_ASYNC", Userfaultfd.FEATURE_WP_ASYNC);
        put(ours, "sizeof.uffdio_api", Userfaultfd.API_BYTES);
        put(ours, "uffdio_api.features", Userfaultfd.API_FEATURES);
        put(ours, "sizeof.uffdio_register", Userfaultfd.REGISTER_BYTES);
        put(ours, "uffdio_register.mode", Userfaultfd.REGISTER_MODE);
        put(ours, "sizeof.uffdio_range", Userfaultfd.RANGE_BYTES);
        put(ours, "sizeof.uffdio_copy", Userfaultfd.COPY_BYTES);
        put(ours, "uffdio_copy.src", Userfaultfd.COPY_SOURCE);
        put(ours, "uffdio_copy.len", Userfaultfd.COPY_LENGTH);
        put(ours, "uffdio_copy.mode", Userfaultfd.COPY_MODE);
        put(ours, "uffdio_copy.copy", Userfaultfd.COPY_COPIED);
        put(ours, "sizeof.uffdio_writeprotect", Userfaultfd.WRITE_PROTECT_BYTES);
        put(ours, "uffdio_writeprotect.mode", Userfaultfd.WRITE_PROTECT_MODE);
        put(ours, "PAGEMAP_SCAN", PageScan.PAGEMAP_SCAN);
        put(ours, "PM_SCAN_WP_MATCHING", PageScan.PM_SCAN_WP_MATCHING);
        put(ours, "PM_SCAN_CHECK_WPASYNC", PageScan.PM_SCAN_CHECK_WPASYNC);
        put(ours, "PAGE_IS_WRITTEN", PageScan.PAGE_IS_WRITTEN);
        put(ours, "sizeof.pm_scan_arg", PageScan.ARGUMENT_BYTES);
        put(ours, "pm_scan_arg.flags", PageScan.FLAGS);
        put(ours, "pm_scan_arg.start", PageScan.START);
        put(ours, "pm_scan_arg.end", PageScan.END);
        put(ours, "pm_scan_arg.walk_end", PageScan.WALK_END);
        put(ours, "pm_scan_arg.vec", PageScan.VECTOR);
        put(ours, "pm_scan_arg.vec_len", PageScan.VECTOR_LENGTH);
        put(ours, "pm_scan_arg.category_mask", PageScan.CATEGORY_MASK);
        put(ours, "pm_scan_arg.return_mask", PageScan.RETURN_MASK);
        put(ours, "sizeof.page_region", PageScan.REGION_BYTES);
        put(ours, "page_region.end", PageScan.REGION_END);
        put(ours, "POLLIN", Poll.POLLIN);
        put(ours, "sizeof.pollfd", Poll.POLLFD_BYTES);
        put(ours, "pollfd.events", Poll.POLLFD_EVENTS);
        put(ours, "sizeof.iovec", ProcessMemory.IOVEC_BYTES);
        put(ours, "iovec.iov_len", ProcessMemory.IOVEC_LENGTH);
        put(ours, "MS_NOSUID", Mount.MS_NOSUID);
        put(ours, "MS_NODEV", Mount.MS_NODEV);
        put(ours, "MS_NOEXEC", Mount.MS_NOEXEC);
        put(ours, "MNT_DETACH", Mount.MNT_DETACH);
        put(ours, "TMPFS_MAGIC", Mount.TMPFS_MAGIC);
        put(ours, "BPF_FS_MAGIC", Mount.BPF_FS_MAGIC);
        put(ours, "sizeof.bpf_object_open_opts", BpfObject.OPEN_OPTS_BYTES);
        put(ours, "bpf_object_open_opts.object_name", BpfObject.OPEN_OPTS_NAME);
        put(ours, "bpf_object_open_opts.pin_root_path", BpfObject.OPEN_OPTS_PIN_ROOT);
        put(ours, "bpf_object_open_opts.kernel_log_buf", BpfObject.OPEN_OPTS_LOG);
        put(ours, "bpf_object_open_opts.kernel_log_size", BpfObject.OPEN_OPTS_LOG_BYTES);
        put(ours, "BPF_MAP_TYPE_PERCPU_HASH", BpfMap.TYPE_PERCPU_HASH);
        put(ours, "BPF_MAP_TYPE_PERCPU_ARRAY", BpfMap.TYPE_PERCPU_ARRAY);
        put(ours, "BPF_ANY", BpfMap.BPF_ANY);
        put(ours, "BPF_NOEXIST", BpfMap.BPF_NOEXIST);
        put(ours, "bpf_map_info.id", BpfMap.INFO_ID);
        put(ours, "bpf_prog_info.id", BpfProgram.INFO_ID);
        put(ours, "bpf_link_info.id", BpfLink.INFO_ID);
        put(ours, "bpf_link_info.prog_id", BpfLink.INFO_PROGRAM);
        put(ours, "sizeof.bpf_test_run_opts", BpfProgram.RUN_OPTS_BYTES);
        put(ours, "bpf_test_run_opts.data_in", BpfProgram.RUN_DATA_IN);
        put(ours, "bpf_test_run_opts.data_out", BpfProgram.RUN_DATA_OUT);
        put(ours, "bpf_test_run_opts.data_size_in", BpfProgram.RUN_DATA_IN_BYTES);
        put(ours, "bpf_test_run_opts.data_size_out", BpfProgram.RUN_DATA_OUT_BYTES);
        put(ours, "bpf_test_run_opts.ctx_in", BpfProgram.RUN_CONTEXT_IN);
        put(ours, "bpf_test_run_opts.ctx_out", BpfProgram.RUN_CONTEXT_OUT);
        put(ours, "bpf_test_run_opts.ctx_size_in", BpfProgram.RUN_CONTEXT_IN_BYTES);
        put(ours, "bpf_test_run_opts.ctx_size_out", BpfProgram.RUN_CONTEXT_OUT_BYTES);
        put(ours, "bpf_test_run_opts.retval", BpfProgram.RUN_RETURNED);
        put(ours, "bpf_test_run_opts.repeat", BpfProgram.RUN_REPEAT);
        put(ours, "__sk_buff.mark", BpfProgram.SKB_MARK);
        put(ours, "__sk_buff.ingress_ifindex", BpfProgram.SKB_INGRESS_IFINDEX);
        put(ours, "__sk_buff.ifindex", BpfProgram.SKB_IFINDEX);
        put(ours, "__sk_buff.gso_segs", BpfProgram.SKB_GSO_SEGMENTS);
        put(ours, "__sk_buff.gso_size", BpfProgram.SKB_GSO_SIZE);
        put(ours, "BPF_TCX_INGRESS", BpfLink.BPF_TCX_INGRESS);
        put(ours, "BPF_TCX_EGRESS", BpfLink.BPF_TCX_EGRESS);
        put(ours, "sizeof.statfs", Mount.STATFS_BYTES);
        put(ours, "statfs.f_bsize", Mount.STATFS_BLOCK_BYTES);
        put(ours, "statfs.f_bavail", Mount.STATFS_AVAILABLE);
        put(ours, "CLOCK_MONOTONIC", Clock.MONOTONIC.id);
        put(ours, "CLOCK_BOOTTIME", Clock.BOOTTIME.id);
        put(ours, "sizeof.timespec", Clock.TIMESPEC_BYTES);
        put(ours, "timespec.tv_nsec", Clock.TIMESPEC_NANOS);
        put(ours, "MADV_DONTNEED", MemoryAdvice.MADV_DONTNEED);
        netfilter(ours);
        network(ours);

        Map<String, Long> theirs = new TreeMap<>(C);
        theirs.keySet().removeIf(name -> name.startsWith("errno."));
        assertThat(ours).isEqualTo(theirs);
    }

    private static void netfilter(Map<String, Long> ours) {
        put(ours, "sizeof.nfgenmsg", Nfnetlink.GENERAL_BYTES);
        put(ours, "NFNLGRP_CONNTRACK_NEW", Nfnetlink.GROUP_CONNTRACK_NEW);
        put(ours, "NFNLGRP_CONNTRACK_UPDATE", Nfnetlink.GROUP_CONNTRACK_UPDATE);
        put(ours, "NFNLGRP_CONNTRACK_DESTROY", Nfnetlink.GROUP_CONNTRACK_DESTROY);
        put(ours, "NFNL_SUBSYS_CTNETLINK", Nfnetlink.SUBSYSTEM_CONNTRACK);
        put(ours, "NFNL_SUBSYS_NFTABLES", Nfnetlink.SUBSYSTEM_NFTABLES);
        put(ours, "NFNL_MSG_BATCH_BEGIN", Nfnetlink.BATCH_BEGIN);
        put(ours, "NFNL_MSG_BATCH_END", Nfnetlink.BATCH_END);
        put(ours, "NFPROTO_INET", NfTables.FAMILY_INET);
        put(ours, "NFPROTO_NETDEV", NfTables.FAMILY_NETDEV);
        put(ours, "NFT_MSG_NEWSETELEM", NfTables.NEW_SET_ELEMENT);
        put(ours, "NFT_MSG_DELSETELEM", NfTables.DELETE_SET_ELEMENT);
        put(ours, "NFTA_SET_ELEM_LIST_TABLE", NfTables.ELEMENTS_TABLE);
        put(ours, "NFTA_SET_ELEM_LIST_SET", NfTables.ELEMENTS_SET);
        put(ours, "NFTA_SET_ELEM_LIST_ELEMENTS", NfTables.ELEMENTS_LIST);
        put(ours, "NFTA_LIST_ELEM", NfTables.LIST_ELEMENT);
        put(ours, "NFTA_SET_ELEM_KEY", NfTables.ELEMENT_KEY);
        put(ours, "NFTA_SET_ELEM_TIMEOUT", NfTables.ELEMENT_TIMEOUT);
        put(ours, "NFTA_DATA_VALUE", NfTables.DATA_VALUE);
        put(ours, "IFNAMSIZ", NfTables.INTERFACE_NAME_BYTES);
        put(ours, "IPCTNL_MSG_CT_NEW", Conntrack.NEW);
        put(ours, "IPCTNL_MSG_CT_GET", Conntrack.GET);
        put(ours, "IPCTNL_MSG_CT_DELETE", Conntrack.DELETE);
        put(ours, "CTA_TUPLE_ORIG", Conntrack.TUPLE_ORIG);
        put(ours, "CTA_TUPLE_REPLY", Conntrack.TUPLE_REPLY);
        put(ours, "CTA_STATUS", Conntrack.STATUS);
        put(ours, "CTA_PROTOINFO", Conntrack.PROTOINFO);
        put(ours, "CTA_NAT_SRC", Conntrack.NAT_SRC);
        put(ours, "CTA_TIMEOUT", Conntrack.TIMEOUT);
        put(ours, "CTA_MARK", Conntrack.MARK);
        put(ours, "CTA_NAT_DST", Conntrack.NAT_DST);
        put(ours, "CTA_ZONE", Conntrack.ZONE);
        put(ours, "CTA_TUPLE_IP", Conntrack.TUPLE_IP);
        put(ours, "CTA_TUPLE_PROTO", Conntrack.TUPLE_PROTO);
        put(ours, "CTA_IP_V4_SRC", Conntrack.IP_V4_SRC);
        put(ours, "CTA_IP_V4_DST", Conntrack.IP_V4_DST);
        put(ours, "CTA_IP_V6_SRC", Conntrack.IP_V6_SRC);
        put(ours, "CTA_IP_V6_DST", Conntrack.IP_V6_DST);
        put(ours, "CTA_PROTO_NUM", Conntrack.PROTO_NUM);
        put(ours, "CTA_PROTO_SRC_PORT", Conntrack.PROTO_SRC_PORT);
        put(ours, "CTA_PROTO_DST_PORT", Conntrack.PROTO_DST_PORT);
        put(ours, "CTA_PROTO_ICMP_ID", Conntrack.PROTO_ICMP_ID);
        put(ours, "CTA_PROTO_ICMP_TYPE", Conntrack.PROTO_ICMP_TYPE);
        put(ours, "CTA_PROTO_ICMP_CODE", Conntrack.PROTO_ICMP_CODE);
        put(ours, "CTA_PROTO_ICMPV6_ID", Conntrack.PROTO_ICMPV6_ID);
        put(ours, "CTA_PROTO_ICMPV6_TYPE", Conntrack.PROTO_ICMPV6_TYPE);
        put(ours, "CTA_PROTO_ICMPV6_CODE", Conntrack.PROTO_ICMPV6_CODE);
        put(ours, "CTA_PROTOINFO_TCP", Conntrack.PROTOINFO_TCP);
        put(ours, "CTA_PROTOINFO_SCTP", Conntrack.PROTOINFO_SCTP);
        put(ours, "CTA_PROTOINFO_TCP_STATE", Conntrack.TCP_STATE);
        put(ours, "CTA_PROTOINFO_TCP_WSCALE_ORIGINAL", Conntrack.TCP_WSCALE_ORIGINAL);
        put(ours, "CTA_PROTOINFO_TCP_WSCALE_REPLY", Conntrack.TCP_WSCALE_REPLY);
        put(ours, "CTA_PROTOINFO_TCP_FLAGS_ORIGINAL", Conntrack.TCP_FLAGS_ORIGINAL);
        put(ours, "CTA_PROTOINFO_TCP_FLAGS_REPLY", Conntrack.TCP_FLAGS_REPLY);
        put(ours, "CTA_PROTOINFO_SCTP_STATE", Conntrack.SCTP_STATE);
        put(ours, "CTA_PROTOINFO_SCTP_VTAG_ORIGINAL", Conntrack.SCTP_VTAG_ORIGINAL);
        put(ours, "CTA_PROTOINFO_SCTP_VTAG_REPLY", Conntrack.SCTP_VTAG_REPLY);
        put(ours, "IP_CT_TCP_FLAG_WINDOW_SCALE", Conntrack.TCP_FLAG_WINDOW_SCALE);
        put(ours, "IP_CT_TCP_FLAG_SACK_PERM", Conntrack.TCP_FLAG_SACK_PERM);
        put(ours, "IP_CT_TCP_FLAG_BE_LIBERAL", Conntrack.TCP_FLAG_BE_LIBERAL);
        put(ours, "CTA_NAT_V4_MINIP", Conntrack.NAT_V4_MINIP);
        put(ours, "CTA_NAT_V4_MAXIP", Conntrack.NAT_V4_MAXIP);
        put(ours, "CTA_NAT_PROTO", Conntrack.NAT_PROTO);
        put(ours, "CTA_NAT_V6_MINIP", Conntrack.NAT_V6_MINIP);
        put(ours, "CTA_NAT_V6_MAXIP", Conntrack.NAT_V6_MAXIP);
        put(ours, "CTA_PROTONAT_PORT_MIN", Conntrack.PROTONAT_PORT_MIN);
        put(ours, "CTA_PROTONAT_PORT_MAX", Conntrack.PROTONAT_PORT_MAX);
        put(ours, "IPS_SEEN_REPLY", Conntrack.SEEN_REPLY);
        put(ours, "IPS_ASSURED", Conntrack.ASSURED);
        put(ours, "IPS_CONFIRMED", Conntrack.CONFIRMED);
        put(ours, "IPS_SRC_NAT", Conntrack.SRC_NAT);
        put(ours, "IPS_DST_NAT", Conntrack.DST_NAT);
        put(ours, "NETLINK_NETFILTER", Netlink.NETFILTER);
        put(ours, "SOL_NETLINK", Netlink.SOL_NETLINK);
        put(ours, "NETLINK_ADD_MEMBERSHIP", Netlink.NETLINK_ADD_MEMBERSHIP);
        put(ours, "sizeof.sockaddr_nl", Netlink.ADDRESS_BYTES);
        put(ours, "NLM_F_REQUEST", NetlinkMessages.NLM_F_REQUEST);
        put(ours, "NLM_F_ACK", NetlinkMessages.NLM_F_ACK);
        put(ours, "NLM_F_EXCL", NetlinkMessages.NLM_F_EXCL);
        put(ours, "NLM_F_CREATE", NetlinkMessages.NLM_F_CREATE);
        put(ours, "NLM_F_DUMP", NetlinkMessages.NLM_F_DUMP);
        put(ours, "NLMSG_ERROR", NetlinkMessages.NLMSG_ERROR);
        put(ours, "NLMSG_DONE", NetlinkMessages.NLMSG_DONE);
        put(ours, "NLA_F_NESTED", NetlinkMessages.NLA_F_NESTED);
        put(ours, "sizeof.nlmsghdr", NetlinkMessages.HEADER_BYTES);
        put(ours, "sizeof.nlattr", NetlinkMessages.ATTRIBUTE_BYTES);
        put(ours, "nlmsghdr.nlmsg_type", NetlinkMessages.HEADER_TYPE);
        put(ours, "nlmsghdr.nlmsg_flags", NetlinkMessages.HEADER_FLAGS);
        put(ours, "nlmsghdr.nlmsg_seq", NetlinkMessages.HEADER_SEQUENCE);
    }

    private static void network(Map<String, Long> ours) {
        put(ours, "AF_NETLINK", Socket.AF_NETLINK);
        put(ours, "AF_PACKET", Socket.AF_PACKET);
        put(ours, "SOCK_RAW", Socket.SOCK_RAW);
        put(ours, "SOCK_CLOEXEC", Socket.SOCK_CLOEXEC);
        put(ours, "SOCK_NONBLOCK", Socket.SOCK_NONBLOCK);
        put(ours, "MSG_DONTWAIT", Socket.MSG_DONTWAIT);
        put(ours, "MSG_TRUNC", Socket.MSG_TRUNC);
        put(ours, "SOL_SOCKET", Socket.SOL_SOCKET);
        put(ours, "SO_SNDBUFFORCE", Socket.SO_SNDBUFFORCE);
        put(ours, "SO_RCVBUFFORCE", Socket.SO_RCVBUFFORCE);
        put(ours, "SOL_PACKET", PacketSocket.SOL_PACKET);
        put(ours, "PACKET_VNET_HDR", PacketSocket.PACKET_VNET_HDR);
        put(ours, "PACKET_QDISC_BYPASS", PacketSocket.PACKET_QDISC_BYPASS);
        put(ours, "ETH_P_ALL", PacketSocket.ETH_P_ALL);
        put(ours, "sizeof.sockaddr_ll", PacketSocket.ADDRESS_BYTES);
        put(ours, "sockaddr_ll.sll_protocol", PacketSocket.ADDRESS_PROTOCOL);
        put(ours, "sockaddr_ll.sll_ifindex", PacketSocket.ADDRESS_INDEX);
        put(ours, "SIOCGSTAMPNS", PacketSocket.SIOCGSTAMPNS);
        put(ours, "sizeof.virtio_net_hdr", PacketSocket.HEADER_BYTES);
        put(ours, "CLONE_NEWNET", NetworkNamespace.CLONE_NEWNET);
        put(ours, "TUNSETIFF", Tap.TUNSETIFF);
        put(ours, "TUNGETVNETHDRSZ", Tap.TUNGETVNETHDRSZ);
        put(ours, "TUNSETVNETHDRSZ", Tap.TUNSETVNETHDRSZ);
        put(ours, "TUNSETSNDBUF", Tap.TUNSETSNDBUF);
        put(ours, "IFF_TAP", Tap.IFF_TAP);
        put(ours, "IFF_NO_PI", Tap.IFF_NO_PI);
        put(ours, "IFF_VNET_HDR", Tap.IFF_VNET_HDR);
        put(ours, "sizeof.ifreq", Tap.IFREQ_BYTES);
        put(ours, "ifreq.ifr_flags", Tap.IFREQ_FLAGS);
        put(ours, "IFNAMSIZ-1", Tap.NAME_BYTES_MAX);
        put(ours, "NETLINK_ROUTE", Links.NETLINK_ROUTE);
        put(ours, "RTM_NEWLINK", Links.RTM_NEWLINK);
        put(ours, "RTM_GETLINK", Links.RTM_GETLINK);
        put(ours, "NLM_F_REQUEST", Links.NLM_F_REQUEST);
        put(ours, "NLMSG_ERROR", Links.NLMSG_ERROR);
        put(ours, "sizeof.nlmsghdr", Links.NLMSGHDR_BYTES);
        put(ours, "nlmsghdr.nlmsg_type", Links.NLMSGHDR_TYPE);
        put(ours, "nlmsghdr.nlmsg_flags", Links.NLMSGHDR_FLAGS);
        put(ours, "nlmsghdr.nlmsg_seq", Links.NLMSGHDR_SEQUENCE);
        put(ours, "sizeof.ifinfomsg", Links.IFINFOMSG_BYTES);
        put(ours, "ifinfomsg.ifi_index", Links.IFINFOMSG_INDEX);
        put(ours, "ifinfomsg.ifi_flags", Links.IFINFOMSG_FLAGS);
        put(ours, "sizeof.rtattr", Links.RTATTR_BYTES);
        put(ours, "IFLA_IFNAME", Links.IFLA_IFNAME);
        put(ours, "IFLA_MTU", Links.IFLA_MTU);
        put(ours, "IFLA_QDISC", Links.IFLA_QDISC);
        put(ours, "IFLA_TXQLEN", Links.IFLA_TXQLEN);
        put(ours, "IFLA_STATS64", Links.IFLA_STATS64);
        put(ours, "rtnl_link_stats64.rx_packets", Links.STATS_RX_PACKETS);
        put(ours, "rtnl_link_stats64.tx_packets", Links.STATS_TX_PACKETS);
        put(ours, "rtnl_link_stats64.tx_dropped", Links.STATS_TX_DROPPED);
        put(ours, "IFF_UP", Links.IFF_UP);
        put(ours, "IFF_RUNNING", Links.IFF_RUNNING);
    }

    private static void put(Map<String, Long> map, String name, long value) {
        Long elsewhere = map.put(name, value);
        assertThat(elsewhere == null ? value : elsewhere).as(name).isEqualTo(value);
    }
}
