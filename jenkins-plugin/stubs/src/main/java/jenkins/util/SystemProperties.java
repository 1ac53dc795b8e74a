package jenkins.util;

/** Signature of {@code jenkins.util.SystemProperties}: the members that the plugin uses. */
public class SystemProperties {
    public static String getString(String key) {
        throw new UnsupportedOperationException();
    }

    public static Integer getInteger(String name, Integer def) {
        throw new UnsupportedOperationException();
    }
}
