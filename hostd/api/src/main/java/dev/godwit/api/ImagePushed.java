package dev.godwit.api;

/**
 * An image is at another host.
 *
 * @param bytesSent 0 when the host had it already
 */
public record ImagePushed(String digest, String host, long bytesSent) {
    public ImagePushed {
        Require.notNegative("bytesSent", bytesSent);
    }
}
