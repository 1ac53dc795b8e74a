package dev.godwit.fleet;

/**
 * A small text that the hosts of a fleet share.
 *
 * @param key what it is about, parts set apart by {@code /}
 * @param revision changes at every write, and is never the same again for this key
 * @param text up to {@link Documents#TEXT_CHARS_MOST} characters
 */
public record Document(String key, long revision, String text) {}
