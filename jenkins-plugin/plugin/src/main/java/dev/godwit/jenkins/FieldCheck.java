package dev.godwit.jenkins;

import hudson.util.FormValidation;
import jenkins.model.Jenkins;

/** What the form's fields have in common: who may ask, and the sentences. */
final class FieldCheck {
    private FieldCheck() {}

    /** A check may reach out to hosts and files that its caller names: for administrators only. */
    static void administer() {
        Jenkins.get().checkPermission(Jenkins.ADMINISTER);
    }

    /** Whether the value is a whole number in the bounds. */
    static FormValidation between(String what, String value, long min, long max) {
        try {
            long number = Long.parseLong(value.strip());
            if (number >= min && number <= max) {
                return FormValidation.ok();
            }
        } catch (NumberFormatException e) {
            return FormValidation.error(what + " \"" + shown(value) + "\" is not a whole number.");
        }
        return FormValidation.error(what + " " + shown(value)
                + (max == Integer.MAX_VALUE
                        ? " is less than " + min + "."
                        : " is not between " + min + " and " + max + "."));
    }

    /** Whether the value has the form. */
    static FormValidation matches(String what, String value, String pattern, String allowed) {
        return value.matches(pattern)
                ? FormValidation.ok()
                : FormValidation.error(what + " \"" + shown(value) + "\" is not " + allowed + ".");
    }

    /** What the constructors of the broker's values say, as the field's sentence. */
    static FormValidation accepts(Runnable construction) {
        try {
            construction.run();
            return FormValidation.ok();
        } catch (IllegalArgumentException e) {
            return FormValidation.error(String.valueOf(e.getMessage()));
        }
    }

    private static String shown(String value) {
        return value.length() <= 80 ? value : value.substring(0, 80) + "...";
    }
}
