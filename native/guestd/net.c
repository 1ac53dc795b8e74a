#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
        struct rtmsg route;
    };
    uint8_t attributes[256];
};

static void read_addresses(struct reader *reader, uint8_t *count, struct address *into) {
    *count = read_u8(reader);
    if (*count > ADDRESSES_MAX) reader->broken = true;
    for (int i = 0; i < *count && !reader->broken; i++) {
        uint32_t length;
        into[i].prefix = read_u8(reader);
        const uint8_t *bytes = read_bytes(reader, &length);
        if (!bytes || (length != 4 && length != 16) || into[i].prefix > length * 8) {
            reader->broken = true;
            return;
        }
        into[i].family = length == 4 ? AF_INET : AF_INET6;
        memcpy(into[i].bytes, bytes, length);
    }
}

void network_read(struct reader *reader, struct network *network) {
    memset(network, 0, sizeof *network);
    uint32_t length;
    const uint8_t *mac = read_bytes(reader, &length);
    if (!mac || length != 6) {
        reader->broken = true;
        return;
    }
    memcpy(network->mac, mac, 6);
    network->mtu = read_u32(reader);
    if (network->mtu < 68 || network->mtu > 65535) reader->broken = true;
    read_addresses(reader, &network->addresses, network->address);
    read_addresses(reader, &network->gateways, network->gateway);
    read_string(reader, network->nameserver, sizeof network->nameserver);
}

static size_t bytes_of(const struct address *address) {
    return address->family == AF_INET ? 4 : 16;
}

static void begin(struct request *request, uint16_t type, uint16_t flags, size_t body) {
    memset(request, 0, sizeof *request);
    request->header.nlmsg_type = type;
    request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
}

static void attribute(struct request *request, uint16_t type, const void *value, size_t length) {
    struct rtattr *at = (struct rtattr *)(void *)((uint8_t *)request + NLMSG_ALIGN(request->header.nlmsg_len));
    at->rta_type = type;
    at->rta_len = (uint16_t)RTA_LENGTH(length);
    memcpy(RTA_DATA(at), value, length);
    request->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(at->rta_len));
}

static bool ask(int fd, struct request *request) {
    uint8_t answer[1024];
    if (send(fd, request, request->header.nlmsg_len, 0) < 0) return false;
    ssize_t got = recv(fd, answer, sizeof answer, 0);
    const struct nlmsghdr *header = (const void *)answer;
    if (got < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || header->nlmsg_type != NLMSG_ERROR) {
        errno = EPROTO;
        return false;
    }
    const struct nlmsgerr *error = NLMSG_DATA(header);
    errno = -error->error;
    return error->error == 0;
}

static bool get_interface(int fd, unsigned long what, const char *name, struct ifreq *into) {
    memset(into, 0, sizeof *into);
    snprintf(into->ifr_name, IFNAMSIZ, "%s", name);
    return ioctl(fd, what, into) == 0;
}

/* The card with the wanted MAC, else the first Ethernet card: it takes the MAC. */
static bool find_card(int fd, const uint8_t *mac, char *name, bool *same_mac) {
    struct if_nameindex *all = if_nameindex();
    bool found = false;
    *same_mac = false;
    for (struct if_nameindex *each = all; each && each->if_index && !*same_mac; each++) {
        struct ifreq request;
        if (!get_interface(fd, SIOCGIFHWADDR, each->if_name, &request) || request.ifr_hwaddr.sa_family != ARPHRD_ETHER) continue;
        *same_mac = memcmp(request.ifr_hwaddr.sa_data, mac, 6) == 0;
        if (!found || *same_mac) strcpy(name, each->if_name);
        found = true;
    }
    if (all) if_freenameindex(all);
    if (!found) errno = ENODEV;
    return found;
}

static bool set_link(int netlink, int fd, const char *name, bool same_mac, const struct network *network) {
    struct ifreq now;
    bool up = get_interface(fd, SIOCGIFFLAGS, name, &now) && (now.ifr_flags & IFF_UP);
    bool same_mtu = get_interface(fd, SIOCGIFMTU, name, &now) && (uint32_t)now.ifr_mtu == network->mtu;
    if (up && same_mtu && same_mac) return true;
    struct request request;
    begin(&request, RTM_NEWLINK, 0, sizeof request.link);
    request.link.ifi_index = (int)if_nametoindex(name);
    request.link.ifi_flags = request.link.ifi_change = IFF_UP;
    if (!same_mac) attribute(&request, IFLA_ADDRESS, network->mac, 6);
    if (!same_mtu) attribute(&request, IFLA_MTU, &network->mtu, 4);
    return ask(netlink, &request);
}

static void address_request(struct request *request, uint16_t type, uint16_t flags, int index, const struct address *address) {
    begin(request, type, flags, sizeof request->address);
    request->address.ifa_family = address->family;
    request->address.ifa_prefixlen = address->prefix;
    request->address.ifa_index = (uint32_t)index;
    /* A VM's address is the host's to give: no time is lost by asking the segment whether it is taken. */
    if (address->family == AF_INET6) request->address.ifa_flags = IFA_F_NODAD;
    attribute(request, IFA_LOCAL, address->bytes, bytes_of(address));
    attribute(request, IFA_ADDRESS, address->bytes, bytes_of(address));
}

static bool is_wanted(const struct network *network, const struct address *address) {
    for (int i = 0; i < network->addresses; i++) {
        const struct address *wanted = &network->address[i];
        if (wanted->family == address->family && wanted->prefix == address->prefix
            && memcmp(wanted->bytes, address->bytes, bytes_of(wanted)) == 0) return true;
    }
    return false;
}

static size_t collect_other_addresses(const uint8_t *bytes, ssize_t got, int index, const struct network *network,
                                      struct address *others, size_t count, size_t max, bool *more) {
    for (const struct nlmsghdr *header = (const void *)bytes; NLMSG_OK(header, got); header = NLMSG_NEXT(header, got)) {
        if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) *more = false;
        if (header->nlmsg_type != RTM_NEWADDR) continue;
        const struct ifaddrmsg *message = NLMSG_DATA(header);
        if ((int)message->ifa_index != index || message->ifa_scope != RT_SCOPE_UNIVERSE) continue;
        struct address address = {.family = message->ifa_family, .prefix = message->ifa_prefixlen};
        ssize_t left = (ssize_t)(header->nlmsg_len - NLMSG_LENGTH(sizeof *message));
        for (const struct rtattr *at = IFA_RTA(message); RTA_OK(at, left); at = RTA_NEXT(at, left))
            if (at->rta_type == (message->ifa_family == AF_INET ? IFA_LOCAL : IFA_ADDRESS) && RTA_PAYLOAD(at) <= 16)
                memcpy(address.bytes, RTA_DATA(at), RTA_PAYLOAD(at));
        if (count < max && !is_wanted(network, &address)) others[count++] = address;
    }
    return count;
}

static bool drop_other_addresses(int netlink, int index, const struct network *network) {
    struct address others[16];
    size_t count = 0;
    struct request request;
    begin(&request, RTM_GETADDR, NLM_F_DUMP, sizeof request.address);
    if (send(netlink, &request, request.header.nlmsg_len, 0) < 0) return false;
    for (bool more = true; more;) {
        uint8_t bytes[16384] __attribute__((aligned(4)));
        ssize_t got = recv(netlink, bytes, sizeof bytes, 0);
        if (got <= 0) return false;
        count = collect_other_addresses(bytes, got, index, network, others, count, 16, &more);
    }
    for (size_t i = 0; i < count; i++) {
        address_request(&request, RTM_DELADDR, 0, index, &others[i]);
        if (!ask(netlink, &request)) return false;
    }
    return true;
}

static bool set_gateway(int netlink, int index, const struct address *gateway) {
    struct request request;
    uint32_t out = (uint32_t)index;
    begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.route);
    request.route.rtm_family = gateway->family;
    request.route.rtm_table = RT_TABLE_MAIN;
    request.route.rtm_protocol = RTPROT_STATIC;
    request.route.rtm_scope = RT_SCOPE_UNIVERSE;
    request.route.rtm_type = RTN_UNICAST;
    /* In a routed network the VM's own address is all of its subnet (/32), and the gateway is reached on the card all the same. */
    request.route.rtm_flags = RTNH_F_ONLINK;
    attribute(&request, RTA_GATEWAY, gateway->bytes, bytes_of(gateway));
    attribute(&request, RTA_OIF, &out, 4);
    return ask(netlink, &request);
}

static bool set_nameserver(const char *nameserver) {
    char line[96];
    int length = snprintf(line, sizeof line, "nameserver %s\n", nameserver);
    int fd = open("/etc/resolv.conf", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool written = fd >= 0 && write(fd, line, (size_t)length) == length;
    if (fd >= 0) close(fd);
    return written;
}

static const char *set_all(int netlink, int fd, const struct network *network) {
    char name[IFNAMSIZ];
    bool same_mac;
    if (!find_card(fd, network->mac, name, &same_mac)) return "no Ethernet card";
    int index = (int)if_nametoindex(name);
    if (!set_link(netlink, fd, name, same_mac, network)) return "the card's link";
    if (!drop_other_addresses(netlink, index, network)) return "the card's former addresses";
    for (int i = 0; i < network->addresses; i++) {
        struct request request;
        address_request(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index, &network->address[i]);
        if (!ask(netlink, &request)) return "the card's address";
    }
    for (int i = 0; i < network->gateways; i++)
        if (!set_gateway(netlink, index, &network->gateway[i])) return "the gateway";
    if (network->nameserver[0] && !set_nameserver(network->nameserver)) return "/etc/resolv.conf";
    return NULL;
}

const char *network_set(const struct network *network) {
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const char *refusal = netlink < 0 || fd < 0 ? "no socket" : set_all(netlink, fd, network);
    int error = errno;
    if (netlink >= 0) close(netlink);
    if (fd >= 0) close(fd);
    errno = error;
    return refusal;
}

const char *loopback_up(void) {
    struct ifreq request;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return "no socket";
    bool up = get_interface(fd, SIOCGIFFLAGS, "lo", &request);
    request.ifr_flags |= IFF_UP;
    up = up && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    close(fd);
    return up ? NULL : "lo";
}
