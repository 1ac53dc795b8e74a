package hudson.util;

import java.io.IOException;
import org.kohsuke.stapler.HttpResponse;

/** Signature of {@code hudson.util.FormValidation}: the members that the plugin uses. */
public abstract class FormValidation extends IOException implements HttpResponse {
    /** Signature of the nested type. */
    public enum Kind {
        OK,
        WARNING,
        ERROR;
    }

    public static FormValidation error(String message) {
        throw new UnsupportedOperationException();
    }

    public static FormValidation warning(String message) {
        throw new UnsupportedOperationException();
    }

    public static FormValidation ok(String message) {
        throw new UnsupportedOperationException();
    }

    public static FormValidation ok() {
        throw new UnsupportedOperationException();
    }

    public final Kind kind;

    FormValidation() {
        throw new UnsupportedOperationException();
    }
}
