package dev.godwit.daemon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.api.Image;
import dev.godwit.api.ImageState;
import dev.godwit.api.ProblemCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The guest images of this host, one directory an image, named by its digest. An image is there whole or not at all: it is
 * checked in a directory beside and then renamed. Thread-safe.
 */
final class Images {
    private static final Logger log = LoggerFactory.getLogger(Images.class);
    private static final ObjectMapper json = new ObjectMapper();
    private static final String LABEL = "label.json";

    private final HostPaths paths;
    private final ImageRecipes recipes;
    private final String hostId;
    private final Map<String, Image> underWay = new ConcurrentHashMap<>();

    Images(HostPaths paths, ImageRecipes recipes, String hostId) {
        this.paths = paths;
        this.recipes = recipes;
        this.hostId = hostId;
    }

    /** What is here and what is being built. */
    List<Image> list() throws IOException {
        List<Image> all = new ArrayList<>();
        for (LocalImage image : local()) {
            all.add(view(image));
        }
        all.addAll(underWay.values());
        return all;
    }

    /** An image by name or digest, one under way too. */
    Image image(String nameOrDigest) throws IOException {
        Optional<LocalImage> found = find(nameOrDigest);
        if (found.isPresent()) {
            return view(found.get());
        }
        Image building = underWay.get(nameOrDigest);
        if (building != null) {
            return building;
        }
        throw new NotFound(missing(nameOrDigest));
    }

    /** A whole image, or the sentence that says how to get one. */
    LocalImage require(String nameOrDigest) throws IOException {
        return find(nameOrDigest).orElseThrow(() -> new Refused(ProblemCode.NO_BASE_IMAGE, missing(nameOrDigest)));
    }

    Optional<LocalImage> find(String nameOrDigest) throws IOException {
        return local().stream()
                .filter(image ->
                        image.digest().equals(nameOrDigest) || image.name().equals(nameOrDigest))
                .findFirst();
    }

    /** Begins to build an image; {@link #image} tells how it goes. */
    Image build(String name, String recipe) throws IOException {
        Path script = recipes.script(recipe);
        Image begun = new Image(null, name, null, Instant.now(), ImageState.BUILDING, hostId, "started");
        Image other = underWay.putIfAbsent(name, begun);
        if (other != null && other.state() == ImageState.BUILDING) {
            return other;
        }
        underWay.put(name, begun);
        Thread.ofVirtual().name("image-build-" + name).start(() -> build(name, script, begun));
        return begun;
    }

    private void build(String name, Path script, Image begun) {
        Path work = paths.images().resolve("building-" + name);
        try {
            deleteTree(work);
            Files.createDirectories(work);
            recipes.run(script, work, line -> underWay.put(name, state(begun, ImageState.BUILDING, line)));
            LocalImage built = admit(work, name);
            underWay.remove(name);
            log.info("image {} built: {}", name, built.digest());
        } catch (IOException | RuntimeException e) {
            log.error("image {} could not be built: {}", name, e.getMessage());
            underWay.put(name, state(begun, ImageState.FAILED, String.valueOf(e.getMessage())));
        }
    }

    private static Image state(Image begun, ImageState state, String detail) {
        return new Image(null, begun.name(), null, begun.createdAt(), state, begun.host(), detail);
    }

    /**
     * Checks a directory of image files and makes it an image of this host; the directory is gone afterwards.
     *
     * @throws IOException a file's digest is not the manifest's
     */
    LocalImage admit(Path directory, String name) throws IOException {
        byte[] manifest = Files.readAllBytes(directory.resolve(LocalImage.MANIFEST));
        for (ImageFile file : ImageFile.of(json.readTree(manifest))) {
            Path path = directory.resolve(file.name());
            long size = Files.size(path);
            String digest = sha256(path);
            if (size != file.sizeBytes() || !digest.equals(file.sha256())) {
                throw new IOException(
                        "image " + name + ": " + file.name() + " has " + size + " bytes and SHA-256 " + digest
                                + ", its manifest says " + file.sizeBytes() + " and " + file.sha256()
                                + "; it was damaged on its way, build or push it again");
            }
        }
        Files.write(
                directory.resolve(LABEL),
                json.writeValueAsBytes(
                        Map.of("name", name, "createdAt", Instant.now().toString())));
        String digest = digestOf(manifest);
        Path home = home(digest);
        readableForVmms(directory);
        try {
            Files.move(directory, home, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
            log.info("image {} is here already; the newer copy of {} is dropped ({})", digest, name, e.getMessage());
            deleteTree(directory);
        }
        return read(home);
    }

    /** VMMs run as users of their own and open the kernel by themselves; nobody writes to an image any more. */
    private static void readableForVmms(Path directory) throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
            }
        }
    }

    /** Where an image that arrives is put together; emptied first. */
    Path arriving(String digest) throws IOException {
        Path work = paths.images().resolve("arriving-" + hex(digest));
        deleteTree(work);
        Files.createDirectories(work);
        return work;
    }

    static String digestOf(byte[] manifest) {
        return "sha256:" + HexFormat.of().formatHex(sha256().digest(manifest));
    }

    static void deleteTree(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path path : tree.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private List<LocalImage> local() throws IOException {
        List<LocalImage> found = new ArrayList<>();
        try (Stream<Path> directories = Files.list(paths.images())) {
            for (Path directory : directories.sorted().toList()) {
                if (Files.exists(directory.resolve(LABEL))
                        && !directory.getFileName().toString().contains("-")) {
                    found.add(read(directory));
                }
            }
        }
        return found;
    }

    private LocalImage read(Path directory) throws IOException {
        byte[] manifest = Files.readAllBytes(directory.resolve(LocalImage.MANIFEST));
        JsonNode label = json.readTree(directory.resolve(LABEL).toFile());
        return new LocalImage(
                digestOf(manifest),
                label.path("name").asText(),
                directory,
                Files.size(directory.resolve("disk.raw")),
                json.readTree(manifest).path("kernelArguments").asText(""),
                Instant.parse(label.path("createdAt").asText()));
    }

    private Image view(LocalImage image) {
        return new Image(
                image.digest(), image.name(), image.diskBytes(), image.createdAt(), ImageState.READY, hostId, null);
    }

    private String missing(String nameOrDigest) {
        return "Host " + hostId + " has no image " + nameOrDigest
                + "; 'godwit image list' shows what is there, 'godwit image build' makes one and 'godwit image push' brings"
                + " one from another host.";
    }

    private Path home(String digest) {
        return paths.images().resolve(hex(digest));
    }

    private static String hex(String digest) {
        if (!digest.matches("sha256:[0-9a-f]{64}")) {
            throw new IllegalArgumentException("image digest \"" + digest + "\" is not sha256: and 64 hex digits");
        }
        return digest.substring("sha256:".length());
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[1 << 20];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
