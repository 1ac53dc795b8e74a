/* The guest's network card, set through rtnetlink; what already is as wanted is left alone, so that connections do not notice. */
#ifndef NET_H
#define NET_H

#include "words.h"

#define ADDRESSES_MAX 4

struct address {
    uint8_t family, prefix, bytes[16];
};

/* Gateways and addresses are IPv4 (4 bytes) or IPv6 (16); the MTU is 68 to 65535. */
struct network {
    uint8_t mac[6];
    uint32_t mtu;
    uint8_t addresses, gateways;
    struct address address[ADDRESSES_MAX], gateway[ADDRESSES_MAX];
    char nameserver[64];
};

void network_read(struct reader *reader, struct network *network);
/* NULL, or what failed (errno says why). */
const char *network_set(const struct network *network);
const char *loopback_up(void);

#endif
