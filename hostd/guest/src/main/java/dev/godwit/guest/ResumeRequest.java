package dev.godwit.guest;

import java.util.Optional;

/**
 * What a guest is told when it starts, restarts or goes on elsewhere. Entropy and time are not here: the channel takes them fresh at
 * the moment of sending. The clock is stepped forward, and never back: a guest that is ahead is slewed.
 *
 * @param hostname empty leaves the name
 * @param fence the ownership's number, for the guest's log
 */
public record ResumeRequest(String hostname, long fence, Optional<GuestNetwork> network) {
    public ResumeRequest {
        if (hostname.length() > 64) {
            throw new IllegalArgumentException("hostname '" + hostname + "' is longer than 64 characters");
        }
    }

    byte[] payload(byte[] entropy, long wallClockNanos) {
        Payload payload = new Payload()
                .bytes(entropy)
                .u64(wallClockNanos)
                .u64(fence)
                .string(hostname)
                .u8(network.isPresent() ? 1 : 0);
        network.ifPresent(each -> each.write(payload));
        return payload.done();
    }
}
