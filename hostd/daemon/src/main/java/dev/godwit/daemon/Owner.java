package dev.godwit.daemon;

import java.net.URI;

/** Where a VM is. */
public sealed interface Owner {
    /** This host owns it, or is making it. */
    record Local() implements Owner {}

    /**
     * Another host owns it.
     *
     * @param restAddress {@code http://HOST:PORT} or {@code unix:PATH}
     */
    record Remote(String host, URI restAddress) implements Owner {}

    /** No ownership record names it. */
    record Unknown() implements Owner {}
}
