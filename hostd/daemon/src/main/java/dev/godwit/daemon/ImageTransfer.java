package dev.godwit.daemon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.api.ImagePushed;
import dev.godwit.peer.PeerLink;
import dev.godwit.peer.PeerRefused;
import dev.godwit.peer.PeerStream;
import dev.godwit.peer.StreamReceiver;
import dev.godwit.replication.Reception;
import dev.godwit.replication.Replication;
import dev.godwit.replication.ReplicationLimits;
import dev.godwit.volume.SourceVolume;
import dev.godwit.volume.TargetVolume;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries an image to another host, and takes one in: its files are volumes of the one replication engine (decision
 * record 2).
 */
final class ImageTransfer {
    private static final Logger log = LoggerFactory.getLogger(ImageTransfer.class);
    private static final ObjectMapper json = new ObjectMapper();
    static final String STREAM_PREFIX = "image-";
    /** Call: is this image there, whole? */
    static final String HAS_IMAGE = "image.has";
    /** Call: the stream is sealed; check the files and give the image its name. Hashing a disk takes seconds. */
    static final String ADMIT_IMAGE = "image.admit";

    private static final Duration ASK = Duration.ofSeconds(10);
    /** SHA-256 runs at over 1 GB/s: enough for a disk of a hundred GiB. */
    private static final Duration CHECK = Duration.ofMinutes(5);

    private final Images images;
    private final Map<String, Incoming> incoming = new ConcurrentHashMap<>();

    ImageTransfer(Images images) {
        this.images = images;
    }

    /** Sends an image; returns when the other host has checked it and it can be used there. */
    ImagePushed push(LocalImage image, String host, PeerLink link) throws IOException {
        byte[] question = json.writeValueAsBytes(Map.of("digest", image.digest()));
        if (json.readTree(link.call(HAS_IMAGE, question, ASK)).path("there").asBoolean()) {
            return new ImagePushed(image.digest(), host, 0);
        }
        JsonNode manifest = json.readTree(image.manifest().toFile());
        List<FileVolume> volumes = new ArrayList<>();
        try {
            for (ImageFile file : ImageFile.of(manifest)) {
                volumes.add(FileVolume.toSend(image.directory().resolve(file.name())));
            }
            byte[] hello = json.writeValueAsBytes(Map.of(
                    "name", image.name(), "digest", image.digest(), "manifest", Files.readAllBytes(image.manifest())));
            String streamId = STREAM_PREFIX + UUID.randomUUID();
            try (PeerStream stream = link.openStream(streamId, hello);
                    Replication replication = new Replication(
                            streamId, List.<SourceVolume>copyOf(volumes), stream, ReplicationLimits.standard())) {
                replication.start();
                replication.round();
                replication.sendState(new byte[0]);
                replication.seal();
                stream.finish();
                link.call(ADMIT_IMAGE, json.writeValueAsBytes(Map.of("stream", streamId)), CHECK);
                log.info(
                        "image {} pushed to {}: {} bytes",
                        image.digest(),
                        host,
                        stream.traffic().totalBytes());
                return new ImagePushed(image.digest(), host, stream.traffic().totalBytes());
            }
        } finally {
            closeAll(volumes);
        }
    }

    /** Answers {@link #HAS_IMAGE}. */
    byte[] has(byte[] question) throws IOException {
        String digest = json.readTree(question).path("digest").asText();
        return json.writeValueAsBytes(Map.of("there", images.find(digest).isPresent()));
    }

    /** Takes a stream in. */
    StreamReceiver receive(String streamId, byte[] hello) throws PeerRefused {
        try {
            JsonNode what = json.readTree(hello);
            byte[] manifest = what.path("manifest").binaryValue();
            String digest = what.path("digest").asText();
            if (manifest == null || !Images.digestOf(manifest).equals(digest)) {
                throw new PeerRefused("bad-image", "the manifest that came with image " + digest + " is another one");
            }
            Incoming arrival = new Incoming(what.path("name").asText(), images.arriving(digest), manifest);
            incoming.put(streamId, arrival);
            return arrival;
        } catch (IOException | IllegalArgumentException e) {
            throw e instanceof PeerRefused refused
                    ? refused
                    : new PeerRefused("bad-image", "the image can't be taken in: " + e.getMessage());
        }
    }

    /** Answers {@link #ADMIT_IMAGE}. */
    byte[] admit(byte[] request) throws IOException {
        String streamId = json.readTree(request).path("stream").asText();
        Incoming arrival = incoming.remove(streamId);
        if (arrival == null) {
            throw new PeerRefused("no-image", "no image came on stream " + streamId + ", or it was admitted already");
        }
        arrival.cut();
        LocalImage image = images.admit(arrival.directory, arrival.name);
        return json.writeValueAsBytes(Map.of("digest", image.digest()));
    }

    private static void closeAll(List<FileVolume> volumes) throws IOException {
        IOException failed = null;
        for (FileVolume volume : volumes) {
            try {
                volume.close();
            } catch (IOException e) {
                failed = new IOException("a volume of an image could not be closed: " + e.getMessage(), e);
            }
        }
        if (failed != null) {
            throw failed;
        }
    }

    /** An image on its way here. */
    private final class Incoming implements StreamReceiver {
        private final String name;
        private final Path directory;
        private final List<ImageFile> files;
        private final List<FileVolume> volumes = new ArrayList<>();
        private final Reception reception;

        Incoming(String name, Path directory, byte[] manifest) throws IOException {
            this.name = name;
            this.directory = directory;
            this.files = ImageFile.of(json.readTree(manifest));
            Files.write(directory.resolve(LocalImage.MANIFEST), manifest);
            for (ImageFile file : files) {
                volumes.add(FileVolume.toReceive(directory.resolve(file.name()), file.sizeBytes()));
            }
            this.reception = new Reception(List.<TargetVolume>copyOf(volumes), OutputStream::nullOutputStream);
        }

        void cut() throws IOException {
            for (int i = 0; i < files.size(); i++) {
                volumes.get(i).cutTo(files.get(i).sizeBytes());
                volumes.get(i).flush();
            }
            closeAll(volumes);
        }

        @Override
        public byte @Nullable [] onFrame(int type, ByteBuffer payload) throws IOException {
            return reception.onFrame(type, payload);
        }

        @Override
        public void onEnd() {
            reception.onEnd();
        }

        @Override
        public void onLost(String reason) {
            reception.onLost(reason);
            log.warn("image {} did not arrive: {}", name, reason);
            try {
                closeAll(volumes);
                Images.deleteTree(directory);
            } catch (IOException e) {
                log.warn("what came of image {} could not be removed: {}", name, e.getMessage());
            }
        }
    }
}
