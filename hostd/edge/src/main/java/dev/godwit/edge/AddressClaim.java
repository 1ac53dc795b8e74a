package dev.godwit.edge;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;

/** Makes the world send an address's packets to this edge. Each call may be repeated. Used by one thread at a time. */
public interface AddressClaim {
    /** From now on they come here. */
    void claim(InetAddress address) throws IOException;

    /** Says so once more, for who did not hear it. */
    void announce(InetAddress address) throws IOException;

    /** This edge has the address no more. */
    void release(InetAddress address) throws IOException;

    /** Several, claimed in this order and released in the reverse one. */
    static AddressClaim all(List<AddressClaim> claims) {
        List<AddressClaim> inOrder = List.copyOf(claims);
        return new AddressClaim() {
            @Override
            public void claim(InetAddress address) throws IOException {
                for (AddressClaim claim : inOrder) {
                    claim.claim(address);
                }
            }

            @Override
            public void announce(InetAddress address) throws IOException {
                for (AddressClaim claim : inOrder) {
                    claim.announce(address);
                }
            }

            @Override
            public void release(InetAddress address) throws IOException {
                for (AddressClaim claim : inOrder.reversed()) {
                    claim.release(address);
                }
            }
        };
    }
}
