package dev.godwit.move;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Every port of a move in one: writes down what was asked, in order, and fails where it is told to. */
final class Tape
        implements TargetPort, StreamPort, VmPort, IncomingVmPort, OwnershipPort, NetworkPort, MoveJournal, MoveClock {
    final List<String> calls = new ArrayList<>();
    final Map<String, Exception> failures = new HashMap<>();
    final Deque<MoveOutcome> outcomes = new ArrayDeque<>();
    final Map<String, MoveRecord> journalled = new LinkedHashMap<>();
    Ownership record = new Ownership("host-a", 7);
    int storeCallsThatFail;
    Runnable whileSleeping = () -> {};
    boolean loaded = true;
    boolean gone;
    final List<String> told = new ArrayList<>();
    private long nanos = 1_000;

    MoveHost host(String hostId) {
        MoveEvents events = new MoveEvents() {
            @Override
            public void entered(MoveRecord entered, Duration elapsed) {}

            @Override
            public void waits(MoveRecord waiting, String sentence) {
                told.add(sentence);
            }
        };
        return new MoveHost(hostId, this, new MovesInProgress(), events, this, MoveLimits.DEFAULT);
    }

    Tape failing(String call, Exception failure) {
        failures.put(call, failure);
        return this;
    }

    private void note(String call) throws IOException {
        calls.add(call);
        if (failures.get(call) instanceof IOException io) {
            throw io;
        }
    }

    // TargetPort

    @Override
    public void reserve(Reservation reservation, PlannedMove planned) throws ReservationRefused, IOException {
        note("reserve");
        if (failures.get("reserve") instanceof ReservationRefused refused) {
            throw refused;
        }
    }

    @Override
    public void prepare(String moveId) throws IOException {
        note("prepare");
    }

    @Override
    public MoveOutcome awaitOutcome(String moveId, Duration atMost) throws IOException {
        note("outcome?");
        MoveOutcome next = outcomes.poll();
        if (next == null) {
            throw new IOException("host-b is silent");
        }
        return next;
    }

    @Override
    public void confirmReleased(String moveId) throws IOException {
        note("released");
    }

    @Override
    public void abort(Reservation reservation, String why) throws IOException {
        note("abort");
    }

    // StreamPort

    @Override
    public void start() throws IOException {
        note("start");
    }

    @Override
    public RoundReport round() throws IOException {
        note("round");
        return new RoundReport(1, 4096, 0, Duration.ofMillis(1));
    }

    @Override
    public void flushDisks() throws IOException {
        note("flush");
    }

    @Override
    public KeepingUp keepUp() throws IOException {
        note("keep up");
        return () -> note("kept up");
    }

    @Override
    public void sendRest(StateSource source) throws IOException {
        note("final round");
        source.saveState(Path.of("state.socket"));
    }

    @Override
    public void seal() throws IOException {
        note("seal");
    }

    @Override
    public BytesSent bytesSent() {
        return new BytesSent(4096, 0, 0);
    }

    @Override
    public void close() {
        calls.add("close stream");
    }

    // VmPort

    @Override
    public void pause() throws IOException {
        note("pause");
    }

    @Override
    public void resume(long fence) throws IOException {
        note("resume under " + fence);
    }

    @Override
    public void saveState(Path listeningSocket) throws IOException {
        note("save state");
    }

    @Override
    public void discard() throws IOException {
        note("discard");
    }

    @Override
    public boolean isGone() {
        return gone;
    }

    // NetworkPort

    @Override
    public void switchOver() throws IOException {
        note("switch over");
    }

    @Override
    public void switchBack() throws IOException {
        note("switch back");
    }

    @Override
    public void drain() throws IOException {
        note("drain");
    }

    // IncomingVmPort

    @Override
    public void reserve(Reservation reservation) throws ReservationRefused, IOException {
        note("set aside");
        if (failures.get("set aside") instanceof ReservationRefused refused) {
            throw refused;
        }
    }

    @Override
    public void prepare(Reservation reservation) throws IOException {
        note("prepare vm");
    }

    @Override
    public void verify(Reservation reservation) throws IOException {
        note("verify");
    }

    @Override
    public void loadState(Reservation reservation) throws IOException {
        note("load state");
    }

    @Override
    public boolean isLoaded(Reservation reservation) {
        return loaded;
    }

    @Override
    public boolean isGone(Reservation reservation) {
        return gone;
    }

    @Override
    public long resume(Reservation reservation, long fence) throws IOException {
        note("run under " + fence);
        return 99;
    }

    @Override
    public void discard(Reservation reservation) throws IOException {
        note("discard incoming");
    }

    // OwnershipPort

    @Override
    public Optional<Ownership> read(String vmId) throws OwnershipUnreadable {
        calls.add("read record");
        failStore();
        return Optional.of(record);
    }

    @Override
    public Ownership compareAndSet(String vmId, Ownership expected, String newOwner)
            throws OwnershipChanged, OwnershipOutcomeUnknown, OwnershipUnreadable {
        calls.add("give to " + newOwner);
        failStore();
        if (!record.equals(expected)) {
            throw new OwnershipChanged(vmId, expected, Optional.of(record));
        }
        record = new Ownership(newOwner, expected.fence() + 1);
        if (failures.get("give to " + newOwner) instanceof OwnershipOutcomeUnknown lost) {
            throw lost;
        }
        return record;
    }

    private void failStore() throws OwnershipUnreadable {
        if (storeCallsThatFail > 0) {
            storeCallsThatFail--;
            throw new OwnershipUnreadable("etcd is down");
        }
    }

    // MoveJournal

    @Override
    public void append(MoveRecord next, Durability durability) throws IOException {
        note((durability == Durability.MACHINE ? "sync " : "line ") + next.state());
        journalled.put(next.moveId(), next);
    }

    @Override
    public Optional<MoveRecord> find(String moveId) {
        return Optional.ofNullable(journalled.get(moveId));
    }

    @Override
    public List<MoveRecord> openMoves() {
        return journalled.values().stream().filter(r -> !r.state().isTerminal()).toList();
    }

    // MoveClock

    @Override
    public Instant now() {
        return Instant.EPOCH.plusNanos(nanos);
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public void sleep(Duration duration) {
        nanos += duration.toNanos();
        whileSleeping.run();
    }

    void advance(Duration duration) {
        nanos += duration.toNanos();
    }
}
