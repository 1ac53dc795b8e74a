package dev.godwit.daemon;

/** The version of this build. */
final class Version {
    private Version() {}

    /** From the jar's manifest; classes that are run outside a jar have none. */
    static String text() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }
}
