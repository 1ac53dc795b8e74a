package hudson.security;

/** Signature of {@code hudson.security.AccessControlled}: the members that the plugin uses. */
public interface AccessControlled {
    default void checkPermission(Permission permission) {
        throw new UnsupportedOperationException();
    }

    default boolean hasPermission(Permission permission) {
        throw new UnsupportedOperationException();
    }
}
