/* RESUME: what the guest must learn when it starts, restarts or goes on at another place: fresh entropy, the time, its network and name. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "channel.h"

#define ENTROPY_BYTES 64
/* hostd's clock reading is this old at most when it arrives; a guest that is ahead by less than that is not ahead. */
#define CLOCK_AHEAD_NANOS 20000000
/* A smaller lag is within the reading's own error. */
#define CLOCK_LAG_NANOS 100000

void resume(struct origin origin, struct reader *reader);

#endif
