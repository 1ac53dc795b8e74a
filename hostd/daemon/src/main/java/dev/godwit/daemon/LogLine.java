package dev.godwit.daemon;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * One line an event. Under systemd it begins with the priority that journald reads (sd-daemon(3)) and has no time, which
 * the journal adds itself; else it begins with the time and the level. Causes follow on the same line, and where they came
 * from only at DEBUG or for a mistake of our own.
 */
public final class LogLine extends LayoutBase<ILoggingEvent> {
    private static final int CAUSES_MAX = 5;
    private static final int FRAMES_MAX = 8;

    private final boolean journal = System.getenv("JOURNAL_STREAM") != null;

    @Override
    public String doLayout(ILoggingEvent event) {
        StringBuilder line = new StringBuilder(160);
        if (journal) {
            line.append('<').append(priority(event.getLevel())).append('>');
        } else {
            line.append(Instant.ofEpochMilli(event.getTimeStamp()).truncatedTo(ChronoUnit.MILLIS))
                    .append(' ')
                    .append(event.getLevel())
                    .append(' ');
        }
        String logger = event.getLoggerName();
        line.append(logger.substring(logger.lastIndexOf('.') + 1)).append(": ");
        line.append(event.getFormattedMessage());
        IThrowableProxy cause = event.getThrowableProxy();
        for (int i = 0; cause != null && i < CAUSES_MAX; i++) {
            line.append(" | ").append(cause.getClassName()).append(": ").append(cause.getMessage());
            frames(line, cause);
            cause = cause.getCause();
        }
        return line.toString().replace('\n', ' ').replace('\r', ' ') + System.lineSeparator();
    }

    private static void frames(StringBuilder line, IThrowableProxy cause) {
        var frames = cause.getStackTraceElementProxyArray();
        if (frames == null) {
            return;
        }
        for (int i = 0; i < Math.min(frames.length, FRAMES_MAX); i++) {
            StackTraceElement frame = frames[i].getStackTraceElement();
            line.append(i == 0 ? " at " : " < ")
                    .append(frame.getFileName())
                    .append(':')
                    .append(frame.getLineNumber());
        }
    }

    private static int priority(Level level) {
        return switch (level.toInt()) {
            case Level.ERROR_INT -> 3;
            case Level.WARN_INT -> 4;
            case Level.INFO_INT -> 6;
            default -> 7;
        };
    }
}
