package dev.godwit.daemon;

import dev.godwit.move.MoveOutcome;
import dev.godwit.move.ReservationRefused;
import dev.godwit.move.TargetMoves;
import dev.godwit.peer.PeerRefused;
import dev.godwit.peer.StreamReceiver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The target's end of moves as the peer wire reaches it: calls and streams are passed to the state machine. */
final class Arrivals {
    private static final Logger log = LoggerFactory.getLogger(Arrivals.class);
    private static final byte[] DONE = "{}".getBytes(StandardCharsets.UTF_8);
    /** The longest that a call for an outcome is held; the source asks again. */
    private static final Duration HELD_MAX = Duration.ofSeconds(30);

    private final TargetMoves moves;
    private final ArrivingVms vms;

    Arrivals(TargetMoves moves, ArrivingVms vms) {
        this.moves = moves;
        this.vms = vms;
    }

    /** Answers a call whose name begins with {@code move.}. */
    byte[] call(String fromHost, String method, byte[] argument) throws PeerRefused {
        try {
            return switch (method) {
                case MoveCalls.RESERVE -> reserve(fromHost, MoveCalls.read(argument, MoveCalls.Reserve.class));
                case MoveCalls.PREPARE -> {
                    moves.prepare(
                            MoveCalls.read(argument, MoveCalls.MoveOnly.class).moveId());
                    yield DONE;
                }
                case MoveCalls.OUTCOME -> outcome(MoveCalls.read(argument, MoveCalls.AwaitOutcome.class));
                case MoveCalls.RELEASED -> {
                    moves.released(
                            MoveCalls.read(argument, MoveCalls.MoveOnly.class).moveId());
                    yield DONE;
                }
                case MoveCalls.ABORT -> {
                    MoveCalls.Abort abort = MoveCalls.read(argument, MoveCalls.Abort.class);
                    moves.abort(abort.reservation(), abort.why());
                    yield DONE;
                }
                default -> throw new PeerRefused("no-such-call", "this hostd knows no call " + method);
            };
        } catch (PeerRefused refused) {
            throw refused;
        } catch (ReservationRefused refused) {
            throw new PeerRefused(MoveCalls.REFUSED, String.valueOf(refused.getMessage()));
        } catch (IOException | IllegalArgumentException e) {
            throw new PeerRefused("failed", method + " failed at the target: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PeerRefused("failed", method + " was interrupted: hostd of the target goes down");
        }
    }

    private byte[] reserve(String fromHost, MoveCalls.Reserve reserve) throws ReservationRefused, IOException {
        if (!reserve.reservation().from().equals(fromHost)) {
            throw new ReservationRefused("host " + fromHost + " asked for a VM of host "
                    + reserve.reservation().from());
        }
        moves.reserve(reserve.reservation(), reserve.planned());
        return MoveCalls.write(new MoveCalls.Reserved(MoveCalls.bootId()));
    }

    private byte[] outcome(MoveCalls.AwaitOutcome question) throws IOException, InterruptedException {
        Duration wait = Duration.ofMillis(Math.clamp(question.atMostMillis(), 0, HELD_MAX.toMillis()));
        MoveOutcome outcome = moves.awaitOutcome(question.moveId(), wait);
        return MoveCalls.write(MoveCalls.Outcome.of(outcome));
    }

    /** Takes the stream of a move in. */
    StreamReceiver receive(String streamId) throws PeerRefused {
        String moveId = streamId.substring(MoveCalls.STREAM_PREFIX.length());
        StreamReceiver reception = vms.reception(moveId, () -> cutOver(moveId));
        return new StreamReceiver() {
            @Override
            public byte @Nullable [] onFrame(int type, ByteBuffer payload) throws IOException {
                moves.heard(moveId);
                return reception.onFrame(type, payload);
            }

            @Override
            public void onEnd() {
                reception.onEnd();
            }

            @Override
            public void onLost(String reason) {
                reception.onLost(reason);
            }
        };
    }

    private void cutOver(String moveId) {
        try {
            moves.cutOver(moveId);
        } catch (IOException e) {
            log.error("move {}: the cut-over failed at the target: {}", moveId, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
