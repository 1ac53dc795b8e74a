package dev.godwit.lab;

import dev.godwit.api.ExecRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The job: Lua's sources are compiled in the guest by {@code build-lua.sh}.
 *
 * @param tarball Lua's original tarball
 * @param jobs compiles at a time
 * @param passes how often each source is compiled
 * @param files how many of the sources, 1 to 31
 */
public record LuaBuild(Path tarball, int jobs, int passes, int files) {
    static final String DIRECTORY = "/root/lua";
    static final String LOG = DIRECTORY + "/build.log";
    static final String OBJECTS_LOG = DIRECTORY + "/objects.log";
    static final String ARTEFACT = DIRECTORY + "/lua.a";

    /** Of the tarball of Debian's source package lua5.4 5.4.4-3. */
    static final String TARBALL_SHA256 = "164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61";

    private static final String TARBALL_IN_GUEST = "/root/lua.tar.gz";
    private static final String SCRIPT_IN_GUEST = "/root/build-lua.sh";
    private static final int FILES_MAX = 31;
    /**
     * One hop leaves half a minute of work and more on each side under emulation, where a source takes 4 to 10 s by itself and
     * several times that beside the traffic.
     */
    private static final int FILES_PER_HALF = 3;
    /** A guest under KVM compiles about 20 times as fast. */
    private static final int KVM_PASSES = 40;

    private static final Pattern OBJECT_LINE = Pattern.compile("\\[[0-9]+/[0-9]+\\] obj/.*");

    public LuaBuild {
        if (files < 1 || files > FILES_MAX) {
            throw new IllegalArgumentException(files + " source files is not between 1 and " + FILES_MAX);
        }
    }

    /** A build that is long enough for so many hops. */
    static LuaBuild forDemo(Path tarball, int hops, int vcpus, boolean emulated) {
        int wanted = FILES_PER_HALF * (hops + 1) * vcpus * (emulated ? 1 : KVM_PASSES);
        int passes = (wanted + FILES_MAX - 1) / FILES_MAX;
        return new LuaBuild(tarball, vcpus, passes, (wanted + passes - 1) / passes);
    }

    int objects() {
        return passes * files;
    }

    /** Puts tarball and script into the guest. */
    void install(Guest guest) throws IOException {
        guest.put(TARBALL_IN_GUEST, 0644, Files.readAllBytes(tarball));
        guest.put(SCRIPT_IN_GUEST, 0755, script());
    }

    ExecRequest request() {
        return new ExecRequest(
                List.of(
                        "sh",
                        SCRIPT_IN_GUEST,
                        TARBALL_IN_GUEST,
                        DIRECTORY,
                        Integer.toString(jobs),
                        Integer.toString(passes),
                        Integer.toString(files)),
                Map.of("LC_ALL", "C.UTF-8", "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                "/root",
                false);
    }

    /** Whether the line of output tells of a finished object. */
    static boolean tellsOfAnObject(String line) {
        return OBJECT_LINE.matcher(line).matches();
    }

    /** Names everything that the artefact's bytes depend on. */
    String key(String imageDigest) {
        String parts = String.join("|", imageDigest, TARBALL_SHA256, sha256(script()), "" + passes, "" + files);
        return sha256(parts.getBytes(StandardCharsets.UTF_8)).substring(0, 32);
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static byte[] script() {
        try (InputStream script = LuaBuild.class.getResourceAsStream("build-lua.sh")) {
            if (script == null) {
                throw new IllegalStateException("build-lua.sh is missing from the jar");
            }
            return script.readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException("build-lua.sh can't be read from the jar", e);
        }
    }
}
