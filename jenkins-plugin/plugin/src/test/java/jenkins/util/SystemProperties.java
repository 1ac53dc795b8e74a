package jenkins.util;

/** Simulated. */
public class SystemProperties {
    private SystemProperties() {}

    public static Integer getInteger(String name, Integer def) {
        return Integer.getInteger(name, def);
    }
}
