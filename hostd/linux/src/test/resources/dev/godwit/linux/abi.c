/* Prints what C says of every constant, size and offset that the Java side relies on, one "NAME VALUE" a line. */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/magic.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/userfaultfd.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Newer than the headers of Debian 12; as in Linux 6.18. The request numbers still come out of the sizes. */
#ifndef PAGEMAP_SCAN
struct page_region { __u64 start, end, categories; };
struct pm_scan_arg {
    __u64 size, flags, start, end, walk_end, vec, vec_len, max_pages;
    __u64 category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define PAGEMAP_SCAN _IOWR('f', 16, struct pm_scan_arg)
#define PM_SCAN_WP_MATCHING (1 << 0)
#define PM_SCAN_CHECK_WPASYNC (1 << 1)
#define PAGE_IS_WRITTEN (1 << 1)
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

/* enum members since Linux 6.6 */
#define BPF_TCX_INGRESS 46
#define BPF_TCX_EGRESS 47

#define NUMBER(name, value) printf("%s %llu\n", name, (unsigned long long)(value))

int main(void) {
    for (int i = 1; i < 134; i++) {
        const char *name = strerrorname_np(i);
        if (name)
            printf("errno.%s %d\n", name, i);
    }
    NUMBER("O_RDONLY", O_RDONLY);
    NUMBER("O_RDWR", O_RDWR);
    NUMBER("O_CREAT", O_CREAT);
    NUMBER("O_EXCL", O_EXCL);
    NUMBER("O_NONBLOCK", O_NONBLOCK);
    NUMBER("O_NOFOLLOW", O_NOFOLLOW);
    NUMBER("O_CLOEXEC", O_CLOEXEC);
    NUMBER("F_DUPFD_CLOEXEC", F_DUPFD_CLOEXEC);
    NUMBER("SEEK_DATA", SEEK_DATA);
    NUMBER("SEEK_HOLE", SEEK_HOLE);
    NUMBER("FALLOC_FL_KEEP_SIZE", FALLOC_FL_KEEP_SIZE);
    NUMBER("FALLOC_FL_PUNCH_HOLE", FALLOC_FL_PUNCH_HOLE);
    NUMBER("FALLOC_FL_ZERO_RANGE", FALLOC_FL_ZERO_RANGE);
    NUMBER("POSIX_FADV_WILLNEED", POSIX_FADV_WILLNEED);
    NUMBER("sizeof.stat", sizeof(struct stat));
    NUMBER("stat.st_nlink", offsetof(struct stat, st_nlink));
    NUMBER("stat.st_mode", offsetof(struct stat, st_mode));
    NUMBER("S_IFMT", S_IFMT);
    NUMBER("S_IFREG", S_IFREG);
    NUMBER("stat.st_size", offsetof(struct stat, st_size));
    NUMBER("stat.st_blocks", offsetof(struct stat, st_blocks));
    NUMBER("SYS_userfaultfd", SYS_userfaultfd);
    NUMBER("UFFD_API", UFFD_API);
    NUMBER("USERFAULTFD_IOC_NEW", USERFAULTFD_IOC_NEW);
    NUMBER("UFFDIO_API", UFFDIO_API);
    NUMBER("UFFDIO_REGISTER", UFFDIO_REGISTER);
    NUMBER("UFFDIO_WAKE", UFFDIO_WAKE);
    NUMBER("UFFDIO_COPY", UFFDIO_COPY);
    NUMBER("UFFDIO_WRITEPROTECT", UFFDIO_WRITEPROTECT);
    NUMBER("UFFDIO_COPY_MODE_WP", UFFDIO_COPY_MODE_WP);
    NUMBER("UFFDIO_WRITEPROTECT_MODE_WP", UFFDIO_WRITEPROTECT_MODE_WP);
    NUMBER("UFFDIO_REGISTER_MODE_MISSING", UFFDIO_REGISTER_MODE_MISSING);
    NUMBER("UFFDIO_REGISTER_MODE_WP", UFFDIO_REGISTER_MODE_WP);
    NUMBER("UFFD_FEATURE_MISSING_SHMEM", UFFD_FEATURE_MISSING_SHMEM);
    NUMBER("UFFD_FEATURE_WP_UNPOPULATED", UFFD_FEATURE_WP_UNPOPULATED);
    NUMBER("UFFD_FEATURE_WP_ASYNC", UFFD_FEATURE_WP_ASYNC);
    NUMBER("sizeof.uffdio_api", sizeof(struct uffdio_api));
    NUMBER("uffdio_api.features", offsetof(struct uffdio_api, features));
    NUMBER("sizeof.uffdio_register", sizeof(struct uffdio_register));
    NUMBER("uffdio_register.mode", offsetof(struct uffdio_register, mode));
    NUMBER("sizeof.uffdio_range", sizeof(struct uffdio_range));
    NUMBER("sizeof.uffdio_copy", sizeof(struct uffdio_copy));
    NUMBER("uffdio_copy.src", offsetof(struct uffdio_copy, src));
    NUMBER("uffdio_copy.len", offsetof(struct uffdio_copy, len));
    NUMBER("uffdio_copy.mode", offsetof(struct uffdio_copy, mode));
    NUMBER("uffdio_copy.copy", offsetof(struct uffdio_copy, copy));
    NUMBER("sizeof.uffdio_writeprotect", sizeof(struct uffdio_writeprotect));
    NUMBER("uffdio_writeprotect.mode", offsetof(struct uffdio_writeprotect, mode));
    NUMBER("PAGEMAP_SCAN", PAGEMAP_SCAN);
    NUMBER("PM_SCAN_WP_MATCHING", PM_SCAN_WP_MATCHING);
    NUMBER("PM_SCAN_CHECK_WPASYNC", PM_SCAN_CHECK_WPASYNC);
    NUMBER("PAGE_IS_WRITTEN", PAGE_IS_WRITTEN);
    NUMBER("sizeof.pm_scan_arg", sizeof(struct pm_scan_arg));
    NUMBER("pm_scan_arg.flags", offsetof(struct pm_scan_arg, flags));
    NUMBER("pm_scan_arg.start", offsetof(struct pm_scan_arg, start));
    NUMBER("pm_scan_arg.end", offsetof(struct pm_scan_arg, end));
    NUMBER("pm_scan_arg.walk_end", offsetof(struct pm_scan_arg, walk_end));
    NUMBER("pm_scan_arg.vec", offsetof(struct pm_scan_arg, vec));
    NUMBER("pm_scan_arg.vec_len", offsetof(struct pm_scan_arg, vec_len));
    NUMBER("pm_scan_arg.category_mask", offsetof(struct pm_scan_arg, category_mask));
    NUMBER("pm_scan_arg.return_mask", offsetof(struct pm_scan_arg, return_mask));
    NUMBER("sizeof.page_region", sizeof(struct page_region));
    NUMBER("page_region.end", offsetof(struct page_region, end));
    NUMBER("POLLIN", POLLIN);
    NUMBER("sizeof.pollfd", sizeof(struct pollfd));
    NUMBER("pollfd.events", offsetof(struct pollfd, events));
    NUMBER("sizeof.iovec", sizeof(struct iovec));
    NUMBER("iovec.iov_len", offsetof(struct iovec, iov_len));
    NUMBER("MS_NOSUID", MS_NOSUID);
    NUMBER("MS_NODEV", MS_NODEV);
    NUMBER("MS_NOEXEC", MS_NOEXEC);
    NUMBER("MNT_DETACH", MNT_DETACH);
    NUMBER("TMPFS_MAGIC", TMPFS_MAGIC);
    NUMBER("BPF_FS_MAGIC", BPF_FS_MAGIC);
    NUMBER("BPF_MAP_TYPE_PERCPU_HASH", BPF_MAP_TYPE_PERCPU_HASH);
    NUMBER("BPF_MAP_TYPE_PERCPU_ARRAY", BPF_MAP_TYPE_PERCPU_ARRAY);
    NUMBER("BPF_ANY", BPF_ANY);
    NUMBER("BPF_NOEXIST", BPF_NOEXIST);
    NUMBER("BPF_TCX_INGRESS", BPF_TCX_INGRESS);
    NUMBER("BPF_TCX_EGRESS", BPF_TCX_EGRESS);
    NUMBER("sizeof.bpf_object_open_opts", sizeof(struct bpf_object_open_opts));
    NUMBER("sizeof.bpf_test_run_opts", sizeof(struct bpf_test_run_opts));
    NUMBER("bpf_object_open_opts.object_name", offsetof(struct bpf_object_open_opts, object_name));
    NUMBER("bpf_object_open_opts.pin_root_path", offsetof(struct bpf_object_open_opts, pin_root_path));
    NUMBER("bpf_object_open_opts.kernel_log_buf", offsetof(struct bpf_object_open_opts, kernel_log_buf));
    NUMBER("bpf_object_open_opts.kernel_log_size", offsetof(struct bpf_object_open_opts, kernel_log_size));
    NUMBER("bpf_map_info.id", offsetof(struct bpf_map_info, id));
    NUMBER("bpf_prog_info.id", offsetof(struct bpf_prog_info, id));
    NUMBER("bpf_link_info.id", offsetof(struct bpf_link_info, id));
    NUMBER("bpf_link_info.prog_id", offsetof(struct bpf_link_info, prog_id));
    NUMBER("bpf_test_run_opts.data_in", offsetof(struct bpf_test_run_opts, data_in));
    NUMBER("bpf_test_run_opts.data_out", offsetof(struct bpf_test_run_opts, data_out));
    NUMBER("bpf_test_run_opts.data_size_in", offsetof(struct bpf_test_run_opts, data_size_in));
    NUMBER("bpf_test_run_opts.data_size_out", offsetof(struct bpf_test_run_opts, data_size_out));
    NUMBER("bpf_test_run_opts.ctx_in", offsetof(struct bpf_test_run_opts, ctx_in));
    NUMBER("bpf_test_run_opts.ctx_out", offsetof(struct bpf_test_run_opts, ctx_out));
    NUMBER("bpf_test_run_opts.ctx_size_in", offsetof(struct bpf_test_run_opts, ctx_size_in));
    NUMBER("bpf_test_run_opts.ctx_size_out", offsetof(struct bpf_test_run_opts, ctx_size_out));
    NUMBER("bpf_test_run_opts.retval", offsetof(struct bpf_test_run_opts, retval));
    NUMBER("bpf_test_run_opts.repeat", offsetof(struct bpf_test_run_opts, repeat));
    NUMBER("__sk_buff.mark", offsetof(struct __sk_buff, mark));
    NUMBER("__sk_buff.ingress_ifindex", offsetof(struct __sk_buff, ingress_ifindex));
    NUMBER("__sk_buff.ifindex", offsetof(struct __sk_buff, ifindex));
    NUMBER("__sk_buff.gso_segs", offsetof(struct __sk_buff, gso_segs));
    NUMBER("__sk_buff.gso_size", offsetof(struct __sk_buff, gso_size));
    NUMBER("sizeof.statfs", sizeof(struct statfs));
    NUMBER("statfs.f_bsize", offsetof(struct statfs, f_bsize));
    NUMBER("statfs.f_bavail", offsetof(struct statfs, f_bavail));
    NUMBER("CLOCK_MONOTONIC", CLOCK_MONOTONIC);
    NUMBER("CLOCK_BOOTTIME", CLOCK_BOOTTIME);
    NUMBER("sizeof.timespec", sizeof(struct timespec));
    NUMBER("timespec.tv_nsec", offsetof(struct timespec, tv_nsec));
    NUMBER("MADV_DONTNEED", MADV_DONTNEED);
    NUMBER("sizeof.nfgenmsg", sizeof(struct nfgenmsg));
    NUMBER("NFNLGRP_CONNTRACK_NEW", NFNLGRP_CONNTRACK_NEW);
    NUMBER("NFNLGRP_CONNTRACK_UPDATE", NFNLGRP_CONNTRACK_UPDATE);
    NUMBER("NFNLGRP_CONNTRACK_DESTROY", NFNLGRP_CONNTRACK_DESTROY);
    NUMBER("NFNL_SUBSYS_CTNETLINK", NFNL_SUBSYS_CTNETLINK);
    NUMBER("NFNL_SUBSYS_NFTABLES", NFNL_SUBSYS_NFTABLES);
    NUMBER("NFNL_MSG_BATCH_BEGIN", NFNL_MSG_BATCH_BEGIN);
    NUMBER("NFNL_MSG_BATCH_END", NFNL_MSG_BATCH_END);
    NUMBER("NFPROTO_INET", NFPROTO_INET);
    NUMBER("NFPROTO_NETDEV", NFPROTO_NETDEV);
    NUMBER("NFT_MSG_NEWSETELEM", NFT_MSG_NEWSETELEM);
    NUMBER("NFT_MSG_DELSETELEM", NFT_MSG_DELSETELEM);
    NUMBER("NFTA_SET_ELEM_LIST_TABLE", NFTA_SET_ELEM_LIST_TABLE);
    NUMBER("NFTA_SET_ELEM_LIST_SET", NFTA_SET_ELEM_LIST_SET);
    NUMBER("NFTA_SET_ELEM_LIST_ELEMENTS", NFTA_SET_ELEM_LIST_ELEMENTS);
    NUMBER("NFTA_LIST_ELEM", NFTA_LIST_ELEM);
    NUMBER("NFTA_SET_ELEM_KEY", NFTA_SET_ELEM_KEY);
    NUMBER("NFTA_SET_ELEM_TIMEOUT", NFTA_SET_ELEM_TIMEOUT);
    NUMBER("NFTA_DATA_VALUE", NFTA_DATA_VALUE);
    NUMBER("IFNAMSIZ", IFNAMSIZ);
    NUMBER("IPCTNL_MSG_CT_NEW", IPCTNL_MSG_CT_NEW);
    NUMBER("IPCTNL_MSG_CT_GET", IPCTNL_MSG_CT_GET);
    NUMBER("IPCTNL_MSG_CT_DELETE", IPCTNL_MSG_CT_DELETE);
    NUMBER("CTA_TUPLE_ORIG", CTA_TUPLE_ORIG);
    NUMBER("CTA_TUPLE_REPLY", CTA_TUPLE_REPLY);
    NUMBER("CTA_STATUS", CTA_STATUS);
    NUMBER("CTA_PROTOINFO", CTA_PROTOINFO);
    NUMBER("CTA_NAT_SRC", CTA_NAT_SRC);
    NUMBER("CTA_TIMEOUT", CTA_TIMEOUT);
    NUMBER("CTA_MARK", CTA_MARK);
    NUMBER("CTA_NAT_DST", CTA_NAT_DST);
    NUMBER("CTA_ZONE", CTA_ZONE);
    NUMBER("CTA_TUPLE_IP", CTA_TUPLE_IP);
    NUMBER("CTA_TUPLE_PROTO", CTA_TUPLE_PROTO);
    NUMBER("CTA_IP_V4_SRC", CTA_IP_V4_SRC);
    NUMBER("CTA_IP_V4_DST", CTA_IP_V4_DST);
    NUMBER("CTA_IP_V6_SRC", CTA_IP_V6_SRC);
    NUMBER("CTA_IP_V6_DST", CTA_IP_V6_DST);
    NUMBER("CTA_PROTO_NUM", CTA_PROTO_NUM);
    NUMBER("CTA_PROTO_SRC_PORT", CTA_PROTO_SRC_PORT);
    NUMBER("CTA_PROTO_DST_PORT", CTA_PROTO_DST_PORT);
    NUMBER("CTA_PROTO_ICMP_ID", CTA_PROTO_ICMP_ID);
    NUMBER("CTA_PROTO_ICMP_TYPE", CTA_PROTO_ICMP_TYPE);
    NUMBER("CTA_PROTO_ICMP_CODE", CTA_PROTO_ICMP_CODE);
    NUMBER("CTA_PROTO_ICMPV6_ID", CTA_PROTO_ICMPV6_ID);
    NUMBER("CTA_PROTO_ICMPV6_TYPE", CTA_PROTO_ICMPV6_TYPE);
    NUMBER("CTA_PROTO_ICMPV6_CODE", CTA_PROTO_ICMPV6_CODE);
    NUMBER("CTA_PROTOINFO_TCP", CTA_PROTOINFO_TCP);
    NUMBER("CTA_PROTOINFO_SCTP", CTA_PROTOINFO_SCTP);
    NUMBER("CTA_PROTOINFO_TCP_STATE", CTA_PROTOINFO_TCP_STATE);
    NUMBER("CTA_PROTOINFO_TCP_WSCALE_ORIGINAL", CTA_PROTOINFO_TCP_WSCALE_ORIGINAL);
    NUMBER("CTA_PROTOINFO_TCP_WSCALE_REPLY", CTA_PROTOINFO_TCP_WSCALE_REPLY);
    NUMBER("CTA_PROTOINFO_TCP_FLAGS_ORIGINAL", CTA_PROTOINFO_TCP_FLAGS_ORIGINAL);
    NUMBER("CTA_PROTOINFO_TCP_FLAGS_REPLY", CTA_PROTOINFO_TCP_FLAGS_REPLY);
    NUMBER("CTA_PROTOINFO_SCTP_STATE", CTA_PROTOINFO_SCTP_STATE);
    NUMBER("CTA_PROTOINFO_SCTP_VTAG_ORIGINAL", CTA_PROTOINFO_SCTP_VTAG_ORIGINAL);
    NUMBER("CTA_PROTOINFO_SCTP_VTAG_REPLY", CTA_PROTOINFO_SCTP_VTAG_REPLY);
    NUMBER("IP_CT_TCP_FLAG_WINDOW_SCALE", IP_CT_TCP_FLAG_WINDOW_SCALE);
    NUMBER("IP_CT_TCP_FLAG_SACK_PERM", IP_CT_TCP_FLAG_SACK_PERM);
    NUMBER("IP_CT_TCP_FLAG_BE_LIBERAL", IP_CT_TCP_FLAG_BE_LIBERAL);
    NUMBER("CTA_NAT_V4_MINIP", CTA_NAT_V4_MINIP);
    NUMBER("CTA_NAT_V4_MAXIP", CTA_NAT_V4_MAXIP);
    NUMBER("CTA_NAT_PROTO", CTA_NAT_PROTO);
    NUMBER("CTA_NAT_V6_MINIP", CTA_NAT_V6_MINIP);
    NUMBER("CTA_NAT_V6_MAXIP", CTA_NAT_V6_MAXIP);
    NUMBER("CTA_PROTONAT_PORT_MIN", CTA_PROTONAT_PORT_MIN);
    NUMBER("CTA_PROTONAT_PORT_MAX", CTA_PROTONAT_PORT_MAX);
    NUMBER("IPS_SEEN_REPLY", IPS_SEEN_REPLY);
    NUMBER("IPS_ASSURED", IPS_ASSURED);
    NUMBER("IPS_CONFIRMED", IPS_CONFIRMED);
    NUMBER("IPS_SRC_NAT", IPS_SRC_NAT);
    NUMBER("IPS_DST_NAT", IPS_DST_NAT);
    NUMBER("NETLINK_NETFILTER", NETLINK_NETFILTER);
    NUMBER("SOL_NETLINK", SOL_NETLINK);
    NUMBER("NETLINK_ADD_MEMBERSHIP", NETLINK_ADD_MEMBERSHIP);
    NUMBER("sizeof.sockaddr_nl", sizeof(struct sockaddr_nl));
    NUMBER("NLM_F_ACK", NLM_F_ACK);
    NUMBER("NLM_F_EXCL", NLM_F_EXCL);
    NUMBER("NLM_F_CREATE", NLM_F_CREATE);
    NUMBER("NLM_F_DUMP", NLM_F_DUMP);
    NUMBER("NLMSG_DONE", NLMSG_DONE);
    NUMBER("NLA_F_NESTED", NLA_F_NESTED);
    NUMBER("sizeof.nlattr", sizeof(struct nlattr));
    NUMBER("AF_NETLINK", AF_NETLINK);
    NUMBER("AF_PACKET", AF_PACKET);
    NUMBER("SOCK_RAW", SOCK_RAW);
    NUMBER("SOCK_CLOEXEC", SOCK_CLOEXEC);
    NUMBER("SOCK_NONBLOCK", SOCK_NONBLOCK);
    NUMBER("MSG_DONTWAIT", MSG_DONTWAIT);
    NUMBER("MSG_TRUNC", MSG_TRUNC);
    NUMBER("SOL_SOCKET", SOL_SOCKET);
    NUMBER("SO_SNDBUFFORCE", SO_SNDBUFFORCE);
    NUMBER("SO_RCVBUFFORCE", SO_RCVBUFFORCE);
    NUMBER("SOL_PACKET", SOL_PACKET);
    NUMBER("PACKET_VNET_HDR", PACKET_VNET_HDR);
    NUMBER("PACKET_QDISC_BYPASS", PACKET_QDISC_BYPASS);
    NUMBER("ETH_P_ALL", ETH_P_ALL);
    NUMBER("sizeof.sockaddr_ll", sizeof(struct sockaddr_ll));
    NUMBER("sockaddr_ll.sll_protocol", offsetof(struct sockaddr_ll, sll_protocol));
    NUMBER("sockaddr_ll.sll_ifindex", offsetof(struct sockaddr_ll, sll_ifindex));
    NUMBER("SIOCGSTAMPNS", SIOCGSTAMPNS_OLD);
    NUMBER("sizeof.virtio_net_hdr", sizeof(struct virtio_net_hdr));
    NUMBER("CLONE_NEWNET", CLONE_NEWNET);
    NUMBER("TUNSETIFF", TUNSETIFF);
    NUMBER("TUNGETVNETHDRSZ", TUNGETVNETHDRSZ);
    NUMBER("TUNSETVNETHDRSZ", TUNSETVNETHDRSZ);
    NUMBER("TUNSETSNDBUF", TUNSETSNDBUF);
    NUMBER("IFF_TAP", IFF_TAP);
    NUMBER("IFF_NO_PI", IFF_NO_PI);
    NUMBER("IFF_VNET_HDR", IFF_VNET_HDR);
    NUMBER("sizeof.ifreq", sizeof(struct ifreq));
    NUMBER("ifreq.ifr_flags", offsetof(struct ifreq, ifr_flags));
    NUMBER("IFNAMSIZ-1", IFNAMSIZ - 1);
    NUMBER("NETLINK_ROUTE", NETLINK_ROUTE);
    NUMBER("RTM_NEWLINK", RTM_NEWLINK);
    NUMBER("RTM_GETLINK", RTM_GETLINK);
    NUMBER("NLM_F_REQUEST", NLM_F_REQUEST);
    NUMBER("NLMSG_ERROR", NLMSG_ERROR);
    NUMBER("sizeof.nlmsghdr", sizeof(struct nlmsghdr));
    NUMBER("nlmsghdr.nlmsg_type", offsetof(struct nlmsghdr, nlmsg_type));
    NUMBER("nlmsghdr.nlmsg_flags", offsetof(struct nlmsghdr, nlmsg_flags));
    NUMBER("nlmsghdr.nlmsg_seq", offsetof(struct nlmsghdr, nlmsg_seq));
    NUMBER("sizeof.ifinfomsg", sizeof(struct ifinfomsg));
    NUMBER("ifinfomsg.ifi_index", offsetof(struct ifinfomsg, ifi_index));
    NUMBER("ifinfomsg.ifi_flags", offsetof(struct ifinfomsg, ifi_flags));
    NUMBER("sizeof.rtattr", sizeof(struct rtattr));
    NUMBER("IFLA_IFNAME", IFLA_IFNAME);
    NUMBER("IFLA_MTU", IFLA_MTU);
    NUMBER("IFLA_QDISC", IFLA_QDISC);
    NUMBER("IFLA_TXQLEN", IFLA_TXQLEN);
    NUMBER("IFLA_STATS64", IFLA_STATS64);
    NUMBER("rtnl_link_stats64.rx_packets", offsetof(struct rtnl_link_stats64, rx_packets));
    NUMBER("rtnl_link_stats64.tx_packets", offsetof(struct rtnl_link_stats64, tx_packets));
    NUMBER("rtnl_link_stats64.tx_dropped", offsetof(struct rtnl_link_stats64, tx_dropped));
    NUMBER("IFF_UP", IFF_UP);
    NUMBER("IFF_RUNNING", IFF_RUNNING);
    return 0;
}
