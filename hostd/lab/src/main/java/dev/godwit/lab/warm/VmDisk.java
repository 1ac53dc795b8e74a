package dev.godwit.lab.warm;

import dev.godwit.nbd.BlockDevice;
import dev.godwit.nbd.ExportMode;
import dev.godwit.nbd.NbdExport;
import dev.godwit.nbd.NbdServer;
import dev.godwit.nbd.VolumeDevice;
import dev.godwit.volume.BaseImage;
import dev.godwit.volume.DiskVolume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** The disk of one VM: the image under an overlay, served on a unix socket of its own. */
final class VmDisk implements AutoCloseable {
    static final String EXPORT = "disk";

    private final Opened parts;
    private final DiskVolume volume;
    private final NbdExport export;

    private VmDisk(Opened parts, DiskVolume volume, NbdExport export) {
        this.parts = parts;
        this.volume = volume;
        this.export = export;
    }

    /** What a disk is made of. */
    private interface Volume {
        DiskVolume open(BaseImage base) throws IOException;
    }

    /** A disk that reads as the image and takes writes. */
    static VmDisk fresh(GuestImage image, GuestShape shape, Path folder, Path socket, int uid) throws IOException {
        return open(
                image,
                base -> DiskVolume.create(folder, shape.diskBytes(), base),
                socket,
                uid,
                ExportMode.READ_WRITE,
                UnaryOperator.identity());
    }

    /**
     * A disk that goes on from an overlay; it takes writes once it is {@link #open}.
     *
     * @param wrap puts something between the VM and its disk
     */
    static VmDisk arriving(
            GuestImage image, GuestShape shape, Path folder, Path socket, int uid, UnaryOperator<BlockDevice> wrap)
            throws IOException {
        return open(
                image,
                base -> DiskVolume.open(folder, shape.diskBytes(), base),
                socket,
                uid,
                ExportMode.BEFORE_COMMIT,
                wrap);
    }

    private static VmDisk open(
            GuestImage image, Volume kind, Path socket, int uid, ExportMode mode, UnaryOperator<BlockDevice> wrap)
            throws IOException {
        Opened parts = new Opened();
        try {
            BaseImage base = parts.add(BaseImage.open(image.disk(), image.digest()));
            DiskVolume volume = parts.add(kind.open(base));
            NbdServer server = parts.add(NbdServer.listen(socket, uid));
            NbdExport export = new NbdExport(EXPORT, "warm", 1, wrap.apply(new VolumeDevice(volume)), mode);
            server.export(export);
            return new VmDisk(parts, volume, export);
        } catch (IOException | RuntimeException failed) {
            parts.close();
            throw failed;
        }
    }

    /** The guest runs from now on. */
    void open() {
        export.open();
    }

    /** All that the guest has flushed is in the overlay's files. */
    void flush() throws IOException {
        volume.flush();
    }

    @Override
    public void close() throws IOException {
        parts.close();
    }
}
