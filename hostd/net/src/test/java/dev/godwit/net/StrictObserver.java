package dev.godwit.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Watches every kind of traffic of a VM at once, and forgives nothing. */
final class StrictObserver {
    private static final int DATAGRAMS_PER_SECOND = 500;
    private static final int RECORDS_PER_SECOND = 200;

    private final List<DatagramStream> datagrams = new ArrayList<>();
    private final List<RecordStream> records = new ArrayList<>();

    private StrictObserver() {}

    /** Traffic between the client and a VM, both ways, IPv4 and IPv6. */
    static StrictObserver of(RoutedFleet fleet, ShuttleVm vm) throws IOException {
        StrictObserver made = new StrictObserver();
        TestNamespace client = fleet.client();
        TestNamespace guest = vm.guest();
        made.datagrams(client, guest, vm.v4(), 5001, "udp in v4");
        made.datagrams(client, guest, vm.v6(), 5002, "udp in v6");
        made.datagrams(guest, client, RoutedFleet.CLIENT, 5003, "udp out v4");
        made.datagrams(guest, client, RoutedFleet.CLIENT_V6, 5004, "udp out v6");
        made.records.add(RecordStream.start("tcp in v4", client, guest, vm.v4(), 6001, RECORDS_PER_SECOND));
        made.records.add(RecordStream.start("tcp in v6", client, guest, vm.v6(), 6002, RECORDS_PER_SECOND));
        made.records.add(RecordStream.start("tcp out v4", guest, client, RoutedFleet.CLIENT, 6003, RECORDS_PER_SECOND));
        made.records.add(
                RecordStream.start("tcp out v6", guest, client, RoutedFleet.CLIENT_V6, 6004, RECORDS_PER_SECOND));
        return made;
    }

    /** Traffic between two VMs, both ways. */
    static StrictObserver between(ShuttleVm one, ShuttleVm two) throws IOException {
        StrictObserver made = new StrictObserver();
        made.datagrams(one.guest(), two.guest(), two.v4(), 5101, "udp to neighbour v4");
        made.datagrams(two.guest(), one.guest(), one.v6(), 5102, "udp from neighbour v6");
        made.records.add(RecordStream.start(
                "tcp to neighbour v6", one.guest(), two.guest(), two.v6(), 6101, RECORDS_PER_SECOND));
        made.records.add(RecordStream.start(
                "tcp from neighbour v4", two.guest(), one.guest(), one.v4(), 6102, RECORDS_PER_SECOND));
        return made;
    }

    private void datagrams(TestNamespace from, TestNamespace to, InetAddress address, int port, String what)
            throws IOException {
        datagrams.add(DatagramStream.start(what, from, to, address, port, DATAGRAMS_PER_SECOND));
    }

    /** Waits until every stream has gone on by some hundreds from here. */
    void awaitProgress() {
        List<Long> before = new ArrayList<>();
        datagrams.forEach(stream -> before.add(stream.receivedSoFar() + 200));
        records.forEach(stream -> before.add(stream.answeredSoFar() + 80));
        long deadline = System.nanoTime() + 30_000_000_000L;
        for (int i = 0; i < before.size(); i++) {
            while (soFar(i) < before.get(i)) {
                if (System.nanoTime() > deadline) {
                    throw new AssertionError("stream " + i + " stands at " + soFar(i));
                }
                Resident.passTime(Duration.ofMillis(5));
            }
        }
    }

    private long soFar(int stream) {
        return stream < datagrams.size()
                ? datagrams.get(stream).receivedSoFar()
                : records.get(stream - datagrams.size()).answeredSoFar();
    }

    /** Stops everything and says what was found. */
    Found stop() {
        List<DatagramStream.Found> ofDatagrams =
                datagrams.stream().map(DatagramStream::stop).toList();
        List<RecordStream.Found> ofRecords =
                records.stream().map(RecordStream::stop).toList();
        return new Found(ofDatagrams, ofRecords);
    }

    record Found(List<DatagramStream.Found> datagrams, List<RecordStream.Found> records) {
        long lost() {
            return datagrams.stream().mapToLong(DatagramStream.Found::lost).sum();
        }

        long reordered() {
            return datagrams.stream().mapToLong(DatagramStream.Found::reordered).sum();
        }

        long duplicated() {
            return datagrams.stream()
                    .mapToLong(DatagramStream.Found::duplicated)
                    .sum();
        }

        /** Nothing lost, doubled or reordered. */
        void requireNothingHappened() {
            requireNothingLost();
            assertThat(reordered()).as("reordered: %s", datagrams).isZero();
        }

        /** Nothing lost or doubled. */
        void requireNothingLost() {
            assertThat(lost()).as("lost: %s", datagrams).isZero();
            assertThat(duplicated()).as("doubled: %s", datagrams).isZero();
            assertThat(datagrams).allMatch(stream -> stream.sent() > 0);
            assertThat(records).allMatch(stream -> stream.sent() > 0 && stream.sent() == stream.answered());
        }
    }
}
