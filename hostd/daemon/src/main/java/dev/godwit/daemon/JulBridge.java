package dev.godwit.daemon;

import java.text.MessageFormat;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** Gives what libraries log by java.util.logging to our log; from warnings on, since their news are not ours. */
final class JulBridge extends Handler {
    /** Replaces the handlers of the whole process. */
    static void install() {
        LogManager.getLogManager().reset();
        Logger root = Logger.getLogger("");
        root.setLevel(Level.WARNING);
        root.addHandler(new JulBridge());
    }

    @Override
    public void publish(LogRecord record) {
        org.slf4j.Logger log = LoggerFactory.getLogger(String.valueOf(record.getLoggerName()));
        LoggingEventBuilder line =
                record.getLevel().intValue() >= Level.SEVERE.intValue() ? log.atError() : log.atWarn();
        String text = String.valueOf(record.getMessage());
        if (record.getParameters() != null && record.getParameters().length > 0) {
            text = MessageFormat.format(text, record.getParameters());
        }
        line.setCause(record.getThrown()).log(text);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
