package dev.godwit.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Fixed newstyle negotiation. Source: NetworkBlockDevice/nbd, doc/proto.md, "Fixed newstyle negotiation". */
final class Handshake {
    /** An option's data is a name and a short list; more is garbage. */
    private static final int OPTION_BYTES_MAX = 16 << 10;
    /** A client needs five or six; one that goes on asking holds a thread for nothing. */
    private static final int OPTIONS_MAX = 256;

    private static final int ZEROES_BYTES = 124;

    /** Finds exports, and binds the connection to the one it gets. */
    interface Exports {
        Collection<String> names();

        /** The export of that name; of an empty name, the only one there is. */
        @Nullable
        NbdExport find(String name);

        /** Binds the connection; false when the export was withdrawn meanwhile. */
        boolean attach(NbdExport export);
    }

    private final ClientStream client;
    private final Exports exports;
    private boolean noZeroes;
    private boolean structured;
    private @Nullable String allocationOf;

    Handshake(ClientStream client, Exports exports) {
        this.client = client;
        this.exports = exports;
    }

    /** Negotiates; null when the client took its leave. */
    @Nullable
    Session negotiate() throws IOException {
        client.send(ByteBuffer.allocate(18)
                .putLong(Wire.NBDMAGIC)
                .putLong(Wire.IHAVEOPT)
                .putShort((short) (Wire.FLAG_FIXED_NEWSTYLE | Wire.FLAG_NO_ZEROES))
                .flip());
        client.need(4);
        int flags = client.input().getInt();
        if ((flags & ~(Wire.FLAG_FIXED_NEWSTYLE | Wire.FLAG_NO_ZEROES)) != 0) {
            throw new ProtocolViolation("unknown client flags 0x" + Integer.toHexString(flags));
        }
        noZeroes = (flags & Wire.FLAG_NO_ZEROES) != 0;
        for (int i = 0; i < OPTIONS_MAX; i++) {
            client.need(16);
            long magic = client.input().getLong();
            if (magic != Wire.IHAVEOPT) {
                throw new ProtocolViolation("option with magic 0x" + Long.toHexString(magic));
            }
            int option = client.input().getInt();
            int length = client.input().getInt();
            if (length < 0 || length > OPTION_BYTES_MAX) {
                throw new ProtocolViolation("option " + option + " of " + Integer.toUnsignedString(length)
                        + " bytes, more than " + OPTION_BYTES_MAX);
            }
            client.need(length);
            byte[] bytes = new byte[length];
            client.input().get(bytes);
            if (option == Wire.OPT_ABORT) {
                reply(option, Wire.REP_ACK);
                return null;
            }
            Session session = option(option, ByteBuffer.wrap(bytes));
            if (session != null) {
                return session;
            }
        }
        throw new ProtocolViolation("more than " + OPTIONS_MAX + " options");
    }

    private @Nullable Session option(int option, ByteBuffer data) throws IOException {
        switch (option) {
            case Wire.OPT_EXPORT_NAME -> {
                return exportName(UTF_8.decode(data).toString());
            }
            case Wire.OPT_LIST -> list(data);
            case Wire.OPT_STRUCTURED_REPLY -> {
                if (data.hasRemaining()) {
                    error(option, Wire.REP_ERR_INVALID, "this option has no data");
                } else {
                    structured = true;
                    reply(option, Wire.REP_ACK);
                }
            }
            case Wire.OPT_INFO, Wire.OPT_GO -> {
                return infoOrGo(option, data);
            }
            case Wire.OPT_LIST_META_CONTEXT, Wire.OPT_SET_META_CONTEXT -> metaContext(option, data);
            default -> error(option, Wire.REP_ERR_UNSUP, "option " + option + " is not known here");
        }
        return null;
    }

    private Session exportName(String name) throws IOException {
        NbdExport export = exports.find(name);
        if (export == null || export.mode() == ExportMode.FENCED_OFF || !exports.attach(export)) {
            throw new ProtocolViolation("asked for export \"" + name + "\", which is not there");
        }
        client.send(ByteBuffer.allocate(noZeroes ? 10 : 10 + ZEROES_BYTES)
                .putLong(export.device().sizeBytes())
                .putShort((short) export.transmissionFlags())
                .clear());
        return session(export);
    }

    private Session session(NbdExport export) {
        return new Session(export, structured, export.name().equals(allocationOf));
    }

    private void list(ByteBuffer data) throws IOException {
        if (data.hasRemaining()) {
            error(Wire.OPT_LIST, Wire.REP_ERR_INVALID, "this option has no data");
            return;
        }
        for (String name : exports.names()) {
            byte[] bytes = name.getBytes(UTF_8);
            reply(
                    Wire.OPT_LIST,
                    Wire.REP_SERVER,
                    ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes));
        }
        reply(Wire.OPT_LIST, Wire.REP_ACK);
    }

    private @Nullable Session infoOrGo(int option, ByteBuffer data) throws IOException {
        String name = string(data);
        if (name == null
                || data.remaining() < 2
                || data.remaining() != 2 + 2 * Short.toUnsignedInt(data.getShort(data.position()))) {
            error(option, Wire.REP_ERR_INVALID, "malformed request");
            return null;
        }
        NbdExport export = exports.find(name);
        if (export == null) {
            error(option, Wire.REP_ERR_UNKNOWN, "there is no export \"" + name + "\"");
            return null;
        }
        if (export.mode() == ExportMode.FENCED_OFF || (option == Wire.OPT_GO && !exports.attach(export))) {
            error(option, Wire.REP_ERR_SHUTDOWN, "export \"" + export.name() + "\" is no longer served here");
            return null;
        }
        reply(
                option,
                Wire.REP_INFO,
                ByteBuffer.allocate(12)
                        .putShort((short) Wire.INFO_EXPORT)
                        .putLong(export.device().sizeBytes())
                        .putShort((short) export.transmissionFlags()));
        reply(
                option,
                Wire.REP_INFO,
                ByteBuffer.allocate(14)
                        .putShort((short) Wire.INFO_BLOCK_SIZE)
                        .putInt(1)
                        .putInt(dev.godwit.volume.Pages.PAGE_BYTES)
                        .putInt(Wire.PAYLOAD_BYTES_MAX));
        reply(option, Wire.REP_ACK);
        return option == Wire.OPT_GO ? session(export) : null;
    }

    private void metaContext(int option, ByteBuffer data) throws IOException {
        boolean setting = option == Wire.OPT_SET_META_CONTEXT;
        if (setting) {
            allocationOf = null;
        }
        String name = string(data);
        if (!structured || name == null || data.remaining() < 4) {
            error(option, Wire.REP_ERR_INVALID, "malformed, or before structured replies");
            return;
        }
        NbdExport export = exports.find(name);
        if (export == null) {
            error(option, Wire.REP_ERR_UNKNOWN, "there is no export \"" + name + "\"");
            return;
        }
        int queries = data.getInt();
        boolean asked = queries == 0 && !setting;
        for (int i = 0; i < queries; i++) {
            String query = string(data);
            if (query == null) {
                error(option, Wire.REP_ERR_INVALID, "malformed query");
                return;
            }
            asked |= query.equals(Wire.BASE_ALLOCATION) || (query.equals("base:") && !setting);
        }
        if (asked) {
            byte[] context = Wire.BASE_ALLOCATION.getBytes(UTF_8);
            reply(
                    option,
                    Wire.REP_META_CONTEXT,
                    ByteBuffer.allocate(4 + context.length)
                            .putInt(setting ? Wire.BASE_ALLOCATION_ID : 0)
                            .put(context));
            if (setting) {
                allocationOf = export.name();
            }
        }
        reply(option, Wire.REP_ACK);
    }

    /** A string behind its 32-bit length, or null where the data is too short for it. */
    private static @Nullable String string(ByteBuffer data) {
        if (data.remaining() < 4) {
            return null;
        }
        int length = data.getInt();
        if (length < 0 || length > data.remaining()) {
            return null;
        }
        byte[] bytes = new byte[length];
        data.get(bytes);
        return new String(bytes, UTF_8);
    }

    private void error(int option, int code, String why) throws IOException {
        reply(option, code, ByteBuffer.wrap(why.getBytes(UTF_8)).position(why.getBytes(UTF_8).length));
    }

    private void reply(int option, int code) throws IOException {
        reply(option, code, ByteBuffer.allocate(0));
    }

    private void reply(int option, int code, ByteBuffer data) throws IOException {
        data.flip();
        client.send(ByteBuffer.allocate(20 + data.remaining())
                .putLong(Wire.OPTION_REPLY_MAGIC)
                .putInt(option)
                .putInt(code)
                .putInt(data.remaining())
                .put(data)
                .flip());
    }
}
