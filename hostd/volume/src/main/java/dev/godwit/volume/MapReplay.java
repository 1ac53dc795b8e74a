package dev.godwit.volume;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a map's journal says at open.
 *
 * @param header its header
 * @param durable blocks whose data a flush has covered
 * @param all blocks that are mapped; the same as {@code durable} after another boot
 * @param tailBytes bytes behind the last whole record, cut
 */
record MapReplay(MapHeader header, PageSet durable, PageSet all, long tailBytes) {

    /**
     * Reads a journal up to its torn tail.
     *
     * @throws VolumeRefused the file is no map, or a record that a flush had covered is damaged
     */
    static MapReplay read(Path path, BootId now) throws IOException {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(path), 1 << 16))) {
            MapHeader header = MapHeader.decode(ByteBuffer.wrap(in.readNBytes(MapHeader.BYTES)), path);
            return new Reader(path, header)
                    .read(in, Files.size(path), header.boot().equals(now));
        }
    }

    private static final class Reader {
        private final Path path;
        private final MapHeader header;
        private final long blocks;
        private final PageSet durable;
        private final PageSet all;
        private long at = MapHeader.BYTES;

        Reader(Path path, MapHeader header) {
            this.path = path;
            this.header = header;
            this.blocks = Math.ceilDiv(header.sizeBytes(), Pages.BLOCK_BYTES);
            this.durable = new PageSet(blocks);
            this.all = new PageSet(blocks);
        }

        MapReplay read(DataInputStream in, long fileBytes, boolean sameBoot) throws IOException {
            long coveredUpTo = 0;
            byte[] bytes = new byte[MapJournal.RECORD_BYTES];
            while (in.readNBytes(bytes, 0, bytes.length) == bytes.length && isWhole(bytes)) {
                ByteBuffer record = ByteBuffer.wrap(bytes);
                if (record.getInt(0) == MapJournal.COVERED) {
                    coveredUpTo = record.getLong(4);
                } else {
                    all.add(record.getLong(4), record.getLong(12));
                }
                at += bytes.length;
            }
            refuseDamage(in, sameBoot);
            replayCovered(coveredUpTo);
            return new MapReplay(header, durable, sameBoot ? all : durable, fileBytes - at);
        }

        /** A second pass: the blocks of the records before the last mark. */
        private void replayCovered(long coveredUpTo) throws IOException {
            try (InputStream in = new BufferedInputStream(Files.newInputStream(path), 1 << 16)) {
                in.skipNBytes(MapHeader.BYTES);
                for (long read = MapHeader.BYTES; read < coveredUpTo; read += MapJournal.RECORD_BYTES) {
                    ByteBuffer record = ByteBuffer.wrap(in.readNBytes(MapJournal.RECORD_BYTES));
                    if (record.getInt(0) == MapJournal.MAPPED) {
                        durable.add(record.getLong(4), record.getLong(12));
                    }
                }
            }
        }

        /**
         * A torn tail is followed by nothing that counts. A mark behind it says that a flush had covered the place: one
         * such mark may have overtaken its journal at a loss of power, in the flush that never returned; two can't.
         */
        private void refuseDamage(DataInputStream in, boolean sameBoot) throws IOException {
            long damagedAt = at;
            long position = at + MapJournal.RECORD_BYTES;
            int marks = 0;
            byte[] bytes = new byte[MapJournal.RECORD_BYTES];
            while (in.readNBytes(bytes, 0, bytes.length) == bytes.length) {
                if (isWhole(bytes, position) && ByteBuffer.wrap(bytes).getInt(0) == MapJournal.COVERED) {
                    marks++;
                }
                position += bytes.length;
            }
            if (marks > (sameBoot ? 0 : 1)) {
                throw new VolumeRefused(
                        path,
                        "the record at byte " + damagedAt + " is damaged and a later flush had covered it;"
                                + " restore the volume from another host or recovery point");
            }
        }

        private boolean isWhole(byte[] bytes) {
            return isWhole(bytes, at);
        }

        private boolean isWhole(byte[] bytes, long position) {
            ByteBuffer record = ByteBuffer.wrap(bytes);
            int kind = record.getInt(0);
            long first = record.getLong(4);
            long count = record.getLong(12);
            if (record.getInt(20) != MapJournal.crc(header.salt(), position, kind, first, count)) {
                return false;
            }
            if (kind == MapJournal.COVERED) {
                return first <= position;
            }
            return kind == MapJournal.MAPPED && first >= 0 && count > 0 && first < blocks && count <= blocks - first;
        }
    }
}
