package dev.godwit.cloud;

/** What a notice announces. */
public enum NoticeKind {
    /** The host is more likely than before to be taken away; no deadline. */
    REBALANCE,
    /** The host will be taken away. */
    PREEMPT,
    /** The provider will work on the host. */
    MAINTENANCE
}
