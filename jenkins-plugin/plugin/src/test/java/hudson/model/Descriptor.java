package hudson.model;

import org.kohsuke.stapler.HttpResponse;

/** Simulated. */
public abstract class Descriptor<T extends Describable<T>> {
    protected Descriptor() {}

    public String getDisplayName() {
        return getClass().getSimpleName();
    }

    /** As in core. */
    public static final class FormException extends Exception implements HttpResponse {
        private static final long serialVersionUID = 1L;

        public FormException(String message, String formField) {
            super(message + " " + formField);
        }
    }
}
