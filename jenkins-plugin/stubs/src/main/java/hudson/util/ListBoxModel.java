package hudson.util;

import java.util.ArrayList;
import org.kohsuke.stapler.HttpResponse;

/** Signature of {@code hudson.util.ListBoxModel}: the members that the plugin uses. */
public class ListBoxModel extends ArrayList<ListBoxModel.Option> implements HttpResponse {
    /** Signature of the nested type. */
    public static final class Option {
        public String name;

        public String value;
    }

    public ListBoxModel() {
        throw new UnsupportedOperationException();
    }

    public void add(String displayName, String value) {
        throw new UnsupportedOperationException();
    }
}
