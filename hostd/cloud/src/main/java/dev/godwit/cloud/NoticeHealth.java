package dev.godwit.cloud;

/** Whether a source of notices can be relied on. */
public enum NoticeHealth {
    /** Its last poll was answered. */
    SEEING,
    /** Polls fail, but not for longer than three periods. */
    FAILING,
    /** {@code NOTICE_BLIND}: more than three periods without an answer; a notice may have been missed. */
    NOTICE_BLIND
}
