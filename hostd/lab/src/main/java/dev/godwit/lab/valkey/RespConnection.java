package dev.godwit.lab.valkey;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a Valkey or Redis, which is never made anew. For one thread. Source: the RESP2 protocol of
 * valkey.io/topics/protocol.
 */
final class RespConnection implements AutoCloseable {
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(10);
    /** A stall of a move, many times over; longer is a connection that died without a word. */
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);

    private static final int BULK_BYTES_MAX = 16 << 20;
    private static final int ITEMS_MAX = 100_000;
    private static final int LINE_BYTES_MAX = 64 << 10;

    private final Socket socket;
    private final InputStream in;

    private RespConnection(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream());
    }

    static RespConnection open(InetSocketAddress server) throws IOException {
        Socket socket = new Socket();
        try {
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
            socket.setSoTimeout((int) ANSWER_LIMIT.toMillis());
            socket.connect(server, (int) CONNECT_LIMIT.toMillis());
            return new RespConnection(socket);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Sends commands in one go and waits for all answers.
     *
     * @return an answer each: a {@link String}, a {@link Long}, a list of such, or null for a key that is not there
     * @throws IOException the server answers with an error, or the connection broke
     */
    List<@Nullable Object> ask(List<List<String>> commands) throws IOException {
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        for (List<String> command : commands) {
            line(request, "*" + command.size());
            for (String word : command) {
                byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
                line(request, "$" + bytes.length);
                request.writeBytes(bytes);
                line(request, "");
            }
        }
        socket.getOutputStream().write(request.toByteArray());
        List<@Nullable Object> answers = new ArrayList<>();
        for (int i = 0; i < commands.size(); i++) {
            answers.add(answer());
        }
        return answers;
    }

    private static void line(ByteArrayOutputStream request, String text) {
        request.writeBytes((text + "\r\n").getBytes(StandardCharsets.UTF_8));
    }

    private @Nullable Object answer() throws IOException {
        String line = readLine();
        if (line.isEmpty()) {
            throw new IOException("the server's answer is an empty line");
        }
        String rest = line.substring(1);
        return switch (line.charAt(0)) {
            case '+' -> rest;
            case ':' -> Long.parseLong(rest);
            case '$' -> bulk(bounded(rest, BULK_BYTES_MAX));
            case '*' -> items(bounded(rest, ITEMS_MAX));
            case '-' -> throw new IOException("the server answers: " + rest);
            default -> throw new IOException("the server's answer begins with '" + line.charAt(0) + "'");
        };
    }

    private @Nullable String bulk(int length) throws IOException {
        if (length < 0) {
            return null;
        }
        byte[] bytes = in.readNBytes(length + 2);
        if (bytes.length < length + 2) {
            throw new EOFException("the server closed the connection within an answer");
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private List<@Nullable Object> items(int count) throws IOException {
        List<@Nullable Object> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(answer());
        }
        return items;
    }

    private static int bounded(String number, int most) throws IOException {
        int value = Integer.parseInt(number);
        if (value > most) {
            throw new IOException("the server announces " + value + ", more than " + most);
        }
        return value;
    }

    private String readLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("the server closed the connection");
            }
            if (next == '\n') {
                break;
            }
            if (next != '\r') {
                line.write(next);
            }
            if (line.size() > LINE_BYTES_MAX) {
                throw new IOException("the server sent a line of more than " + LINE_BYTES_MAX + " bytes");
            }
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
