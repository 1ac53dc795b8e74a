package dev.godwit.volume;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The first bytes of an overlay's map: what the overlay is for, so that it is never laid over another base or read as
 * another size.
 *
 * @param sizeBytes the volume's size
 * @param baseDigest the base below the overlay
 * @param boot the boot of the machine in which the file was written
 * @param salt a random number that goes into each record's checksum, so that no stale record is taken for a new one
 */
record MapHeader(long sizeBytes, String baseDigest, BootId boot, long salt) {
    static final int BYTES = 256;
    static final int FORMAT_VERSION = 1;

    private static final long MAGIC = 0x474F4457_49544D50L;
    private static final int CRC_AT = BYTES - 4;

    MapHeader {
        Pages.pageCount(sizeBytes);
        BaseImage.checkDigest(baseDigest);
    }

    ByteBuffer encode() {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES);
        byte[] digest = baseDigest.getBytes(US_ASCII);
        bytes.putLong(MAGIC).putInt(FORMAT_VERSION).putInt(Pages.BLOCK_BYTES);
        bytes.putLong(sizeBytes).putLong(salt);
        bytes.putLong(boot.id().getMostSignificantBits()).putLong(boot.id().getLeastSignificantBits());
        bytes.putShort((short) digest.length).put(digest);
        bytes.putInt(CRC_AT, crc(bytes));
        return bytes.clear();
    }

    static MapHeader decode(ByteBuffer bytes, Path file) throws VolumeRefused {
        if (bytes.remaining() < BYTES || bytes.getLong(0) != MAGIC) {
            throw new VolumeRefused(file, "this is not the map of an overlay");
        }
        if (bytes.getInt(8) != FORMAT_VERSION) {
            throw new VolumeRefused(
                    file,
                    "the map has format version " + bytes.getInt(8) + ", this hostd reads version " + FORMAT_VERSION
                            + "; use the hostd that wrote it");
        }
        if (bytes.getInt(CRC_AT) != crc(bytes)) {
            throw new VolumeRefused(file, "the map's header is damaged; restore the volume from another host");
        }
        if (bytes.getInt(12) != Pages.BLOCK_BYTES) {
            throw new VolumeRefused(
                    file, "the map has blocks of " + bytes.getInt(12) + " bytes, not " + Pages.BLOCK_BYTES);
        }
        byte[] digest = new byte[bytes.getShort(48)];
        bytes.get(50, digest);
        return new MapHeader(
                bytes.getLong(16),
                new String(digest, US_ASCII),
                new BootId(new UUID(bytes.getLong(32), bytes.getLong(40))),
                bytes.getLong(24));
    }

    void mustFit(long expectedSizeBytes, String expectedBase, Path file) throws VolumeRefused {
        if (sizeBytes != expectedSizeBytes) {
            throw new VolumeRefused(
                    file, "the volume is " + sizeBytes + " bytes, " + expectedSizeBytes + " were expected");
        }
        if (!baseDigest.equals(expectedBase)) {
            throw new VolumeRefused(
                    file,
                    "the overlay was made over base " + baseDigest + " and can't be laid over " + expectedBase
                            + "; give the base that it was made over");
        }
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.array(), bytes.arrayOffset(), CRC_AT);
        return (int) crc.getValue();
    }
}
