package dev.godwit.client;

import dev.godwit.api.ExecEnd;
import dev.godwit.api.ExecOutput;
import dev.godwit.api.ExecStreamName;
import dev.godwit.api.Problem;
import dev.godwit.api.ProblemCode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * The output of a command in a guest, each byte once and in order, whatever host the VM is on: when the host or the
 * connection is lost the stream asks again, through any endpoint, at the offsets it has. Used by one thread; {@link
 * #close} may be called by another.
 */
public final class ExecStream implements AutoCloseable {
    /** A command that no host ever knew is asked for this often; one that was followed, for the time to retry. */
    private static final int NEVER_FOUND_MAX = 5;

    /** A host that answers and hangs up sooner has not followed the command. */
    private static final Duration ATTACHED_LEAST = Duration.ofMillis(500);

    private final Endpoints endpoints;
    private final Timeouts timeouts;
    private final String path;
    private final StreamAnswer answer = new StreamAnswer();
    private long stdoutOffset;
    private long stderrOffset;
    private int reconnects;
    private @Nullable ExecEnd end;
    private boolean followed;
    private long silentSince;
    private boolean attached;
    private long attachedAt;

    ExecStream(Endpoints endpoints, Timeouts timeouts, String path, long stdoutOffset, long stderrOffset) {
        this.endpoints = endpoints;
        this.timeouts = timeouts;
        this.path = path;
        this.stdoutOffset = stdoutOffset;
        this.stderrOffset = stderrOffset;
    }

    /**
     * Waits for output.
     *
     * @return null once the command ended and all its output was given: {@link #end} says how
     * @throws RequestFailed with code {@code gone}: output from {@code firstOffset} on is all there is; any other code: the
     *     command is lost, or nobody answered for it for the time to retry: at a change of owner a host may say 404 or 500
     * @throws NoEndpointReachable no endpoint answered for the time to retry
     */
    public @Nullable ExecOutput next() throws IOException {
        int notFound = 0;
        silentSince = System.nanoTime();
        while (end == null) {
            try {
                SseLines.Message message = answer.next(this::ask);
                if (message == null) {
                    countAsFollowed();
                    detach();
                } else {
                    followed = true;
                    notFound = 0;
                    silentSince = System.nanoTime();
                    ExecOutput output = take(message);
                    if (output != null) {
                        return output;
                    }
                }
            } catch (RequestFailed failed) {
                boolean mayPass = Endpoints.mayPass(failed)
                        && (followed
                                ? System.nanoTime() - silentSince
                                        < timeouts.retry().toNanos()
                                : ++notFound <= NEVER_FOUND_MAX);
                if (!mayPass) {
                    throw failed;
                }
                endpoints.avoidCurrent();
                answer.drop();
                Endpoints.pause();
            } catch (NoEndpointReachable | InterruptedIOException over) {
                if (over instanceof SocketTimeoutException) {
                    lost();
                } else {
                    throw over;
                }
            } catch (IOException broken) {
                countAsFollowed();
                lost();
            }
            if (System.nanoTime() - silentSince
                    > timeouts.retry().toNanos() + timeouts.silence().toNanos()) {
                throw new NoEndpointReachable(
                        "The output of " + path + " could not be followed for "
                                + timeouts.retry().toMillis() + " ms at stdout " + stdoutOffset + ", stderr "
                                + stderrOffset + ".",
                        new IOException("the streams ended without output"));
            }
        }
        return null;
    }

    /** Copies all output as it comes, and says how the command ended. */
    public ExecEnd copyTo(OutputStream stdout, OutputStream stderr) throws IOException {
        ExecOutput output = next();
        while (output != null) {
            OutputStream to = output.stream() == ExecStreamName.STDOUT ? stdout : stderr;
            to.write(output.bytes());
            to.flush();
            output = next();
        }
        return end();
    }

    /** How the command ended; only after {@link #next} gave null. */
    public ExecEnd end() {
        if (end == null) {
            throw new IllegalStateException("the command " + path + " has not ended yet");
        }
        return end;
    }

    /** How often the stream was attached again. */
    public int reconnects() {
        return reconnects;
    }

    /** Bytes of standard output given so far, from the command's start. */
    public long stdoutOffset() {
        return stdoutOffset;
    }

    /** Bytes of standard error given so far, from the command's start. */
    public long stderrOffset() {
        return stderrOffset;
    }

    private @Nullable ExecOutput take(SseLines.Message message) throws IOException {
        switch (message.name()) {
            case "output" -> {
                return fresh(Json.read(message.data(), ExecOutput.class));
            }
            case "end" -> {
                end = Json.read(message.data(), ExecEnd.class);
                close();
            }
            case "problem" -> {
                Problem problem = Json.read(message.data(), Problem.class);
                if (problem.code() != ProblemCode.UNAVAILABLE) {
                    throw new RequestFailed(problem, false);
                }
                detach();
            }
            default -> {
                return null; // a newer hostd may say more
            }
        }
        return null;
    }

    /** Cuts off what was given before; a hole is never passed over. */
    private @Nullable ExecOutput fresh(ExecOutput output) throws IOException {
        boolean stdout = output.stream() == ExecStreamName.STDOUT;
        long expected = stdout ? stdoutOffset : stderrOffset;
        byte[] bytes = output.bytes();
        if (output.offset() > expected) {
            throw new IOException("hostd skipped output: " + output.stream() + " goes on at " + output.offset()
                    + " instead of " + expected);
        }
        long known = expected - output.offset();
        if (known >= bytes.length) {
            return null;
        }
        long next = output.offset() + bytes.length;
        if (stdout) {
            stdoutOffset = next;
        } else {
            stderrOffset = next;
        }
        return known == 0
                ? output
                : ExecOutput.of(output.stream(), expected, Arrays.copyOfRange(bytes, (int) known, bytes.length));
    }

    private Endpoints.Answer ask() throws IOException {
        String query = "/output?stdout=" + stdoutOffset + "&stderr=" + stderrOffset;
        Endpoints.Answer stream = endpoints.send(
                Endpoints.Repeat.HARMLESS, timeouts.silence(), base -> new Request.Builder().url(base + path + query));
        attached = true;
        attachedAt = System.nanoTime();
        return stream;
    }

    /** A stream has ended: a command may say nothing for long while its hosts are started anew, again and again. */
    private void countAsFollowed() {
        if (attached && System.nanoTime() - attachedAt >= ATTACHED_LEAST.toNanos()) {
            silentSince = System.nanoTime();
        }
    }

    private void lost() throws IOException {
        answer.throwIfClosed(null);
        endpoints.avoidCurrent();
        detach();
    }

    private void detach() throws IOException {
        attached = false;
        reconnects++;
        answer.drop();
        Endpoints.pause();
    }

    /** Detaches; the command runs on. */
    @Override
    public void close() {
        answer.close();
    }
}
