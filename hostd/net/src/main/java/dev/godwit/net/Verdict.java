package dev.godwit.net;

/** What a rule says. */
public enum Verdict {
    ALLOW,
    DENY
}
