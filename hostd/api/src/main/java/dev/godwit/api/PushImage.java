package dev.godwit.api;

/** Asks that an image be copied to another host. */
public record PushImage(String host) {
    public PushImage {
        Require.name("host", host);
    }
}
