package dev.godwit.daemon;

import com.fasterxml.jackson.core.JacksonException;
import dev.godwit.move.IncomingVmPort;
import dev.godwit.move.Reservation;
import dev.godwit.move.ReservationRefused;
import dev.godwit.peer.PeerRefused;
import dev.godwit.peer.StreamReceiver;
import dev.godwit.replication.Reception;
import dev.godwit.vmm.Vmm;
import java.io.IOException;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** VMs on their way to this host. Thread-safe. */
final class ArrivingVms implements IncomingVmPort {
    private static final Logger log = LoggerFactory.getLogger(ArrivingVms.class);
    /** Loading 750 KB of device state took up to 88 ms on a loaded machine. */
    private static final Duration LOAD = Duration.ofSeconds(10);
    /** The seal is here when the cut-over begins; nothing is left to wait for. */
    private static final Duration SEALED = Duration.ofSeconds(1);

    private final HostParts parts;
    private final HostFitness fitness;
    private final Images images;
    private final Vms vms;
    private final Departure departure;
    private final MoveThreads threads;
    private final Map<String, Arrival> arrivals = new ConcurrentHashMap<>();

    /** What one move has here. */
    private static final class Arrival {
        final VmRecord record;
        final LocalImage image;
        volatile @Nullable HostedVm vm;
        volatile @Nullable Reception reception;

        Arrival(VmRecord record, LocalImage image) {
            this.record = record;
            this.image = image;
        }
    }

    ArrivingVms(
            HostParts parts, HostFitness fitness, Images images, Vms vms, Departure departure, MoveThreads threads) {
        this.parts = parts;
        this.fitness = fitness;
        this.images = images;
        this.vms = vms;
        this.departure = departure;
        this.threads = threads;
    }

    @Override
    public void reserve(Reservation reservation) throws ReservationRefused, IOException {
        VmNeeds needs = needs(reservation);
        try {
            fitness.requireTakesVms();
            LocalImage image = images.require(needs.image());
            fitness.check(needs);
            Optional<HostedVm> taken = vms.find(reservation.vmId()).or(() -> vms.find(needs.name()));
            if (taken.isPresent()) {
                throw new ReservationRefused("host " + reservation.to() + " has a VM "
                        + taken.get().record().name() + " (" + taken.get().id() + ") already; remove it there first");
            }
            int uid = parts.admission()
                    .admit(
                            reservation.vmId(),
                            needs.vcpus(),
                            needs.memoryMib(),
                            needs.accelerator(),
                            needs.overlayBytes());
            arrivals.put(
                    reservation.moveId(),
                    new Arrival(needs.record(reservation.vmId(), uid, reservation.fence()), image));
            // After the promise: an evacuation looks at promises after it has said that this host takes none.
            refuseWhileLeaving(reservation);
        } catch (Refused refused) {
            throw new ReservationRefused("host " + reservation.to() + ": " + refused.sentence());
        }
    }

    private void refuseWhileLeaving(Reservation reservation) throws ReservationRefused {
        if (departure.takesNone()) {
            arrivals.remove(reservation.moveId());
            parts.admission().release(reservation.vmId());
            throw new ReservationRefused(
                    "host " + reservation.to() + " is to be left itself and takes no VM; choose another host");
        }
    }

    private static VmNeeds needs(Reservation reservation) throws ReservationRefused {
        try {
            return VmNeeds.read(reservation.needs());
        } catch (JacksonException | IllegalArgumentException e) {
            throw new ReservationRefused("host " + reservation.to() + " does not understand what the VM needs ("
                    + e.getMessage() + "); both hosts need the same version of hostd");
        }
    }

    @Override
    public void prepare(Reservation reservation) throws IOException {
        Arrival arrival = arrival(reservation.moveId());
        HostedVm vm = HostedVm.create(parts, arrival.record, arrival.image);
        arrival.vm = vm;
        vms.add(vm);
        Path stateSocket = vm.awaitState(reservation);
        arrival.reception = new Reception(vm.arrivingVolumes(), () -> connect(stateSocket));
    }

    private static OutputStream connect(Path stateSocket) throws IOException {
        SocketChannel vmm = SocketChannel.open(UnixDomainSocketAddress.of(stateSocket));
        return Channels.newOutputStream(vmm);
    }

    /**
     * The receiver of a move's stream.
     *
     * @param sealed runs once, on a thread of its own, when everything has come and every digest is equal
     */
    StreamReceiver reception(String moveId, Runnable sealed) throws PeerRefused {
        Arrival arrival = arrivals.get(moveId);
        Reception reception = arrival == null ? null : arrival.reception;
        if (reception == null) {
            throw new PeerRefused("no-reservation", "this host does not wait for the stream of move " + moveId);
        }
        var unused = reception.sealed().thenRun(() -> threads.start("cut-over-" + moveId, sealed));
        return reception;
    }

    @Override
    public void verify(Reservation reservation) throws IOException {
        Reception reception = arrival(reservation.moveId()).reception;
        if (reception == null) {
            throw new IOException("move " + reservation.moveId() + " has no stream yet");
        }
        try {
            reception.sealed().get(SEALED.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException(MoveStream.why(e), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException("move " + reservation.moveId() + " was not sealed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("move " + reservation.moveId() + " was interrupted", e);
        }
    }

    @Override
    public void loadState(Reservation reservation) throws IOException {
        hosted(reservation).vmm().awaitLoaded(LOAD);
    }

    @Override
    public boolean isLoaded(Reservation reservation) throws IOException {
        if (isGone(reservation)) {
            return false;
        }
        // A guest may run, stand still for its disk, or have shut down meanwhile: only one that waits has nothing
        // loaded.
        return hosted(reservation).vmm().status() != Vmm.Status.INCOMING;
    }

    @Override
    public boolean isGone(Reservation reservation) {
        return vms.find(reservation.vmId())
                .map(HostedVm::isGone)
                .orElseGet(() -> !parts.records().has(reservation.vmId()));
    }

    @Override
    public long resume(Reservation reservation, long fence) throws IOException {
        return hosted(reservation).goOn(fence);
    }

    @Override
    public void discard(Reservation reservation) throws IOException {
        Arrival arrival = arrivals.remove(reservation.moveId());
        Optional<HostedVm> here =
                vms.find(reservation.vmId()).filter(vm -> vm.record().phase() == VmRecord.Phase.ARRIVING);
        if (here.isPresent()) {
            here.get().discard();
            vms.remove(here.get());
        }
        if (arrival != null) {
            parts.admission().release(reservation.vmId());
        }
        log.info("move {}: what was set aside for vm {} is free again", reservation.moveId(), reservation.vmId());
    }

    /** The VM runs here: nothing of its arrival is needed any more. */
    void arrived(String moveId) {
        arrivals.remove(moveId);
    }

    private HostedVm hosted(Reservation reservation) throws IOException {
        return vms.find(reservation.vmId())
                .orElseThrow(() -> new IOException("the copy of vm " + reservation.vmId() + " is not on this host"));
    }

    private Arrival arrival(String moveId) throws IOException {
        Arrival arrival = arrivals.get(moveId);
        if (arrival == null) {
            throw new IOException("this host has promised nothing to move " + moveId);
        }
        return arrival;
    }
}
