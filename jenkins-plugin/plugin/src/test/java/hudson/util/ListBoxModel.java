package hudson.util;

import java.util.ArrayList;

/** Simulated. */
public class ListBoxModel extends ArrayList<ListBoxModel.Option> {
    private static final long serialVersionUID = 1L;

    public ListBoxModel() {}

    public void add(String displayName, String value) {
        add(new Option(displayName, value));
    }

    /** Simulated. */
    public static final class Option {
        public final String name;
        public final String value;

        Option(String name, String value) {
            this.name = name;
            this.value = value;
        }
    }
}
