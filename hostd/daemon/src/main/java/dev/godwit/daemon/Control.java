package dev.godwit.daemon;

import dev.godwit.api.BuildImage;
import dev.godwit.api.Capabilities;
import dev.godwit.api.CreateVm;
import dev.godwit.api.DiskExport;
import dev.godwit.api.DrainPlan;
import dev.godwit.api.DrainRequest;
import dev.godwit.api.Exec;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.Host;
import dev.godwit.api.Image;
import dev.godwit.api.ImagePushed;
import dev.godwit.api.LeaseRenewal;
import dev.godwit.api.Move;
import dev.godwit.api.SignalRequest;
import dev.godwit.api.Vm;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * What the REST layer asks of this host. It speaks of this host alone; the REST layer passes requests for other hosts' VMs
 * on to them ({@link #ownerOf}) and puts the lists of all hosts together ({@link #otherHosts}).
 *
 * <p>Methods block the calling virtual thread. They fail with a {@link ControlException} where the caller can do
 * something, with an {@link IOException} where this host failed; both messages say what was tried, on what, why it
 * failed, what to do. {@code vm} is an id or a name. Thread-safe.
 */
public interface Control extends AutoCloseable {
    /** This host's id. */
    String hostId();

    /**
     * Where a VM is; asked before each request on a VM. Reads the fleet store: {@link Unavailable} where it can't.
     *
     * @throws Conflict with {@link dev.godwit.api.ProblemCode#VM_LOST}: its host is gone
     */
    Owner ownerOf(String vm) throws IOException;

    /** The other living hosts that have a REST address. */
    List<OtherHost> otherHosts() throws IOException;

    /**
     * Makes a VM and boots it; returns when its VMM runs, state {@code creating} or {@code running}. With a key, the VM that
     * is there is given.
     *
     * @throws OwnedElsewhere the key's VM is another host's
     */
    Placement.Placed createVm(CreateVm request) throws IOException;

    /** Renews a VM's lease from now on. */
    Vm renewLease(String vm, LeaseRenewal renewal) throws IOException;

    /** The VMs that this host owns. */
    List<Vm> vms() throws IOException;

    /** One of this host's VMs. */
    Vm vm(String vm) throws IOException;

    /** Ends a VM and removes its disk. */
    void deleteVm(String vm) throws IOException;

    /**
     * Ends a VM whose owner is gone for good, and its record: the paused copy that this host may have kept goes too.
     *
     * @return false, and nothing was done, where its owner lives or is this host: then it is removed as any other
     */
    boolean writeOff(String vm) throws IOException;

    /**
     * Removes a VM that is lost, so that its name and key are free.
     *
     * @return false, and nothing was done, where it is not lost
     * @throws Conflict its host is back
     */
    boolean removeLost(String vm) throws IOException;

    /** A VM by its ownership record alone, for one whose host does not answer; empty where there is no record. */
    Optional<Vm> recordedVm(String vm) throws IOException;

    /** All VMs of the fleet by their ownership records alone. */
    List<Vm> recordedVms() throws IOException;

    /**
     * Takes over a VM whose host is gone, and boots it anew on this host: from its image, with its name and address. Takes
     * as long as a host's lease.
     *
     * @throws Conflict its host lives, or is this one
     */
    Vm claimVm(String vm) throws IOException;

    /** Shuts the guest down; returns when it is off, in state {@code stopped}. The VM and its disk stay. */
    Vm stopVm(String vm) throws IOException;

    /** The public ports that lead to VMs; borrowed. */
    Ports ports();

    /** A stopped VM's disk on the NBD socket, read-only; {@link Conflict} when it is not stopped. */
    DiskExport exportDisk(String vm) throws IOException;

    /** The serial console's log from its start. The caller closes it. */
    InputStream console(String vm) throws IOException;

    /** Begins a move and returns its record; it is in RESERVE or later, or REFUSED. */
    Move startMove(String vm, String target) throws IOException;

    /** The moves that this host took part in, oldest first; bounded. */
    List<Move> moves() throws IOException;

    /** A move that this host took part in. */
    Move move(String id) throws IOException;

    /** The images on this host. */
    List<Image> images() throws IOException;

    /** An image on this host, by name or digest. */
    Image image(String nameOrDigest) throws IOException;

    /** Begins to build an image and returns it in state {@code building}, or {@code ready} from the cache. */
    Image buildImage(BuildImage request) throws IOException;

    /** Copies an image to another host; returns when it is there. */
    ImagePushed pushImage(String nameOrDigest, String host) throws IOException;

    /** This host. */
    Host host() throws IOException;

    /** All hosts that the fleet store names, this one among them. */
    List<Host> hosts() throws IOException;

    /** What this host offers. */
    Capabilities capabilities();

    /** Begins to empty this host and returns the plan, before anything streams. A second call returns the same drain. */
    DrainPlan drain(DrainRequest request) throws IOException;

    /** Starts a command. */
    Exec startExec(String vm, ExecRequest request) throws IOException;

    /** A command's state. */
    Exec exec(String vm, String execId) throws IOException;

    /**
     * Attaches to a command's output at these offsets.
     *
     * @throws Gone an offset is older than what is kept
     */
    ExecReader readExec(String vm, String execId, long stdoutOffset, long stderrOffset) throws IOException;

    /**
     * Feeds a command's standard input; blocks while the command does not read.
     *
     * @param offset of the first byte; what the guest has already is skipped, so a repeat after a lost answer is harmless
     * @param body read to its end
     * @param end whether the input ends after it
     * @return bytes accepted so far
     */
    long writeStdin(String vm, String execId, long offset, InputStream body, boolean end) throws IOException;

    /** Sends a signal to the command's process group. */
    void signalExec(String vm, String execId, SignalRequest signal) throws IOException;

    /**
     * Writes a file in the guest, in place of one that is there.
     *
     * @param path absolute
     * @param mode permission bits, for example 0644 (octal)
     * @param body read to its end
     */
    void putFile(String vm, String path, int mode, InputStream body) throws IOException;

    /** Reads a file of the guest. The caller closes its content. */
    GuestFile getFile(String vm, String path) throws IOException;

    /** The fleet's certificates. */
    FleetPki pki();

    /** The networks of the fleet's projects. */
    Networks networks();

    /** What this host's data plane tells of its VMs. */
    VmTraffic traffic();

    /** Lets go of everything in order; VMs run on and are taken back by the next hostd. */
    @Override
    void close() throws IOException;
}
