package dev.godwit.client;

import dev.godwit.api.BuildImage;
import dev.godwit.api.Capabilities;
import dev.godwit.api.CreateVm;
import dev.godwit.api.DiskExport;
import dev.godwit.api.DrainPlan;
import dev.godwit.api.DrainRequest;
import dev.godwit.api.Exec;
import dev.godwit.api.ExecCreated;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.Flow;
import dev.godwit.api.Host;
import dev.godwit.api.HostTraffic;
import dev.godwit.api.Image;
import dev.godwit.api.ImagePushed;
import dev.godwit.api.LeaseRenewal;
import dev.godwit.api.Move;
import dev.godwit.api.MoveRequest;
import dev.godwit.api.MoveStarted;
import dev.godwit.api.Network;
import dev.godwit.api.NetworkSettings;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.PushImage;
import dev.godwit.api.SignalRequest;
import dev.godwit.api.StdinWritten;
import dev.godwit.api.Vm;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Godwit's REST API, over a list of endpoints. Any hostd answers for any VM, so a lost endpoint is replaced by the next.
 *
 * <p>What is harmless to repeat (reads, deletes, stop, files, input at an offset, signals) is repeated at the next endpoint
 * when the connection is lost. {@link #createVm} is repeated too: the name makes it safe. The rest fails with {@link
 * AnswerLost} once the request may have arrived. {@code vm} is an id or a name. All calls block, with time-outs, and fail
 * with a {@link RequestFailed} that holds hostd's sentence. Thread-safe.
 */
public final class GodwitClient implements AutoCloseable {
    private static final MediaType JSON = MediaType.get("application/json");
    private static final MediaType BYTES = MediaType.get("application/octet-stream");
    private static final byte[] NO_BYTES = {};

    private final Endpoints endpoints;
    private final Timeouts timeouts;

    /** A client with the usual time-outs. */
    public GodwitClient(List<Endpoint> endpoints) {
        this(endpoints, Timeouts.usual());
    }

    /**
     * A client with these time-outs.
     *
     * @param endpoints at least one; the first is asked first
     */
    public GodwitClient(List<Endpoint> endpoints, Timeouts timeouts) {
        this(endpoints, timeouts, null);
    }

    /**
     * A client for {@code https} endpoints.
     *
     * @param endpoints at least one; the first is asked first
     * @param tls the certificate to show; null where no endpoint is {@code https}
     */
    public GodwitClient(List<Endpoint> endpoints, Timeouts timeouts, @Nullable ClientTls tls) {
        this.endpoints = new Endpoints(endpoints, timeouts, tls);
        this.timeouts = timeouts;
    }

    /**
     * Makes a VM, or with a key gives the one that is there. Without a key, when an answer was lost and the name turns out to
     * be taken by a VM that is what was asked for in all, that VM is what the lost request made, and is given.
     */
    public Vm createVm(CreateVm wanted) throws IOException {
        try {
            return Json.read(post(Endpoints.Repeat.HARMLESS, timeouts.work(), "/v1/vms", wanted), Vm.class);
        } catch (RequestFailed taken) {
            if (taken.code() == ProblemCode.NAME_TAKEN && taken.afterLoss()) {
                Vm there = vm(wanted.name());
                if (isWhatWasAskedFor(there, wanted)) {
                    return there;
                }
            }
            throw taken;
        }
    }

    private boolean isWhatWasAskedFor(Vm there, CreateVm wanted) throws IOException {
        String project = wanted.project() == null ? Network.DEFAULT_PROJECT : wanted.project();
        return there.vcpus() == wanted.vcpus()
                && there.memoryMib() == wanted.memoryMib()
                && there.diskMib() == wanted.diskMib()
                && there.project().equals(project)
                && there.labels().equals(wanted.labels())
                && Objects.equals(there.owner(), wanted.owner())
                && Objects.equals(there.key(), wanted.key())
                && Objects.equals(there.leaseSeconds(), wanted.leaseSeconds())
                && (there.image().equals(wanted.image())
                        || there.image().equals(image(wanted.image()).digest()));
    }

    public List<Vm> vms() throws IOException {
        return Json.readList(get("/v1/vms"), Vm.class);
    }

    /**
     * VMs of one owner with these labels.
     *
     * @param owner null: of any
     * @param labels all of which a VM must have
     */
    public List<Vm> vms(@Nullable String owner, Map<String, String> labels) throws IOException {
        return vms(owner, null, labels);
    }

    /**
     * VMs of one owner, in one project, with these labels.
     *
     * @param project null: in any
     */
    public List<Vm> vms(@Nullable String owner, @Nullable String project, Map<String, String> labels)
            throws IOException {
        StringBuilder path = new StringBuilder("/v1/vms");
        char separator = '?';
        if (owner != null) {
            path.append(separator).append("owner=").append(encoded(owner));
            separator = '&';
        }
        if (project != null) {
            path.append(separator).append("project=").append(encoded(project));
            separator = '&';
        }
        for (Map.Entry<String, String> label : labels.entrySet()) {
            path.append(separator).append("label=").append(encoded(label.getKey() + "=" + label.getValue()));
            separator = '&';
        }
        return Json.readList(get(path.toString()), Vm.class);
    }

    /**
     * Renews a VM's lease from now on.
     *
     * @param leaseSeconds the new time to live; null: as before
     */
    public Vm renewLease(String vm, @Nullable Integer leaseSeconds) throws IOException {
        byte[] answer = post(
                Endpoints.Repeat.HARMLESS, timeouts.answer(), vmPath(vm) + "/lease", new LeaseRenewal(leaseSeconds));
        return Json.read(answer, Vm.class);
    }

    public Vm vm(String vm) throws IOException {
        return Json.read(get(vmPath(vm)), Vm.class);
    }

    /** Ends a VM and removes its disk. A VM that a lost request deleted already is no error. */
    public void deleteVm(String vm) throws IOException {
        delete(vmPath(vm), timeouts.work());
    }

    private void delete(String path, Duration read) throws IOException {
        try {
            endpoints
                    .send(
                            Endpoints.Repeat.HARMLESS,
                            read,
                            base -> new Request.Builder().url(base + path).delete())
                    .response()
                    .close();
        } catch (RequestFailed failed) {
            if (failed.code() != ProblemCode.NOT_FOUND || !failed.afterLoss()) {
                throw failed;
            }
        }
    }

    /** Shuts the guest down; returns when it is off. */
    public Vm stopVm(String vm) throws IOException {
        return Json.read(post(Endpoints.Repeat.HARMLESS, timeouts.work(), vmPath(vm) + "/stop", null), Vm.class);
    }

    /**
     * Takes over a VM whose host is gone; the endpoint that answers boots it anew from its image, with its name and
     * address. Takes as long as a host's lease; not repeated at another endpoint when the answer is lost.
     */
    public Vm claimVm(String vm) throws IOException {
        return Json.read(post(Endpoints.Repeat.NEVER, timeouts.work(), vmPath(vm) + "/claim", null), Vm.class);
    }

    /** A stopped VM's disk on its owner's NBD socket. */
    public DiskExport exportDisk(String vm) throws IOException {
        return Json.read(
                post(Endpoints.Repeat.HARMLESS, timeouts.answer(), vmPath(vm) + "/export", null), DiskExport.class);
    }

    /** The serial console's log so far. The caller closes it. */
    public InputStream console(String vm) throws IOException {
        return stream(vmPath(vm) + "/console");
    }

    /** Begins a move and gives its id. */
    public String move(String vm, String target) throws IOException {
        byte[] answer = post(Endpoints.Repeat.NEVER, timeouts.answer(), vmPath(vm) + "/move", new MoveRequest(target));
        return Json.read(answer, MoveStarted.class).moveId();
    }

    public Move moveRecord(String moveId) throws IOException {
        return Json.read(get("/v1/moves/" + encoded(moveId)), Move.class);
    }

    public List<Move> moves() throws IOException {
        return Json.readList(get("/v1/moves"), Move.class);
    }

    public List<Image> images() throws IOException {
        return Json.readList(get("/v1/images"), Image.class);
    }

    public Image image(String nameOrDigest) throws IOException {
        return Json.read(get("/v1/images/" + encoded(nameOrDigest)), Image.class);
    }

    /** Begins to build an image at the host that answers. */
    public Image buildImage(BuildImage wanted) throws IOException {
        return Json.read(post(Endpoints.Repeat.NEVER, timeouts.work(), "/v1/images", wanted), Image.class);
    }

    /** Copies an image to another host; returns when it is there. */
    public ImagePushed pushImage(String nameOrDigest, String host) throws IOException {
        String path = "/v1/images/" + encoded(nameOrDigest) + "/push";
        return Json.read(
                post(Endpoints.Repeat.HARMLESS, timeouts.transfer(), path, new PushImage(host)), ImagePushed.class);
    }

    /** The networks of all projects. */
    public List<Network> networks() throws IOException {
        return Json.readList(get("/v1/networks"), Network.class);
    }

    public Network network(String project) throws IOException {
        return Json.read(get(networkPath(project)), Network.class);
    }

    /**
     * Makes a project's network, or changes it, whole.
     *
     * @param revision the one that was read, 0: only if nobody has made it, null: whatever stands. With one the request is
     *     never sent twice, since its own first success would make the second fail
     */
    public Network putNetwork(String project, NetworkSettings settings, @Nullable Long revision) throws IOException {
        Endpoints.Repeat repeat = revision == null ? Endpoints.Repeat.HARMLESS : Endpoints.Repeat.NEVER;
        byte[] answer = endpoints
                .send(repeat, timeouts.answer(), base -> {
                    Request.Builder request = new Request.Builder()
                            .url(base + networkPath(project))
                            .put(RequestBody.create(Json.bytes(settings), JSON));
                    return revision == null ? request : request.header("If-Match", "\"" + revision + "\"");
                })
                .bytes();
        return Json.read(answer, Network.class);
    }

    /** Removes a project's network, which must have no VM. One that a lost request removed already is no error. */
    public void deleteNetwork(String project) throws IOException {
        delete(networkPath(project), timeouts.answer());
    }

    /** What the data planes of all hosts have counted. */
    public List<HostTraffic> traffic() throws IOException {
        return Json.readList(get("/v1/traffic"), HostTraffic.class);
    }

    /** What happened to a VM's flows, as far as its host keeps it, oldest first. */
    public List<Flow> flows(String vm) throws IOException {
        List<Flow> flows = new ArrayList<>();
        Endpoints.Answer answer = endpoints.send(
                Endpoints.Repeat.HARMLESS,
                timeouts.silence(),
                base -> new Request.Builder().url(base + vmPath(vm) + "/flows"));
        try (Response response = answer.response()) {
            SseLines lines = new SseLines(answer.body().source());
            for (SseLines.Message message = lines.next(); message != null; message = lines.next()) {
                if (message.name().equals("flow")) {
                    flows.add(Json.read(message.data(), Flow.class));
                } else if (message.name().equals("end")) {
                    return flows;
                }
            }
        }
        throw new EOFException("the flows of vm " + vm + " broke off; ask again");
    }

    /**
     * A VM's packets as a pcap file, until a bound or until it leaves its host. The caller closes it.
     *
     * @param time 1 s to an hour
     * @param packets 1 to 10 million
     */
    public InputStream capture(String vm, Duration time, int packets) throws IOException {
        String path = vmPath(vm) + "/capture?seconds=" + time.toSeconds() + "&packets=" + packets;
        return endpoints
                .send(
                        Endpoints.Repeat.HARMLESS,
                        time.plus(timeouts.answer()),
                        base -> new Request.Builder().url(base + path))
                .body()
                .byteStream();
    }

    /** The host that answers. */
    public Host host() throws IOException {
        return Json.read(get("/v1/host"), Host.class);
    }

    public List<Host> hosts() throws IOException {
        return Json.readList(get("/v1/hosts"), Host.class);
    }

    public Capabilities capabilities() throws IOException {
        return Json.read(get("/v1/capabilities"), Capabilities.class);
    }

    /** Begins to empty a host and gives the plan. Repeating it gives the same drain. */
    public DrainPlan drain(String host, DrainRequest request) throws IOException {
        String path = "/v1/hosts/" + encoded(host) + "/drain";
        return Json.read(post(Endpoints.Repeat.HARMLESS, timeouts.answer(), path, request), DrainPlan.class);
    }

    /** Starts a command and gives its id. */
    public String startExec(String vm, ExecRequest request) throws IOException {
        byte[] answer = post(Endpoints.Repeat.NEVER, timeouts.answer(), vmPath(vm) + "/exec", request);
        return Json.read(answer, ExecCreated.class).execId();
    }

    public Exec exec(String vm, String execId) throws IOException {
        return Json.read(get(execPath(vm, execId)), Exec.class);
    }

    /** Follows a command's output from its start. */
    public ExecStream output(String vm, String execId) {
        return output(vm, execId, 0, 0);
    }

    /** Follows a command's output from these offsets, in bytes. */
    public ExecStream output(String vm, String execId, long stdoutOffset, long stderrOffset) {
        return new ExecStream(endpoints, timeouts, execPath(vm, execId), stdoutOffset, stderrOffset);
    }

    /**
     * Feeds a command's standard input; blocks while the command does not read. What a host answers that has no answer right
     * at a change of owner (404, 500, 503) is asked again for the time to retry; the offset makes that harmless.
     *
     * @param offset of the first byte
     * @param end whether the input ends after it
     * @return bytes accepted so far
     */
    public long writeStdin(String vm, String execId, long offset, byte[] bytes, boolean end) throws IOException {
        String path = execPath(vm, execId) + "/stdin?offset=" + offset + "&end=" + end;
        long until = System.nanoTime() + timeouts.retry().toNanos();
        while (true) {
            try {
                Endpoints.Answer answer = endpoints.send(
                        Endpoints.Repeat.HARMLESS,
                        timeouts.work(),
                        base -> new Request.Builder().url(base + path).post(RequestBody.create(bytes, BYTES)));
                return Json.read(answer.bytes(), StdinWritten.class).nextOffset();
            } catch (RequestFailed failed) {
                if (!Endpoints.mayPass(failed) || System.nanoTime() > until) {
                    throw failed;
                }
                endpoints.avoidCurrent();
                Endpoints.pause();
            }
        }
    }

    /**
     * Signals a command's process group, once also when the request is repeated.
     *
     * @param name without SIG, for example {@code TERM}
     */
    public void signal(String vm, String execId, String name) throws IOException {
        long id = ThreadLocalRandom.current().nextLong(1, SignalRequest.ID_MAX);
        post(
                Endpoints.Repeat.HARMLESS,
                timeouts.answer(),
                execPath(vm, execId) + "/signal",
                new SignalRequest(name, id));
    }

    /**
     * Writes a file of this machine into the guest.
     *
     * @param path absolute, in the guest
     * @param mode permission bits, for example 0644 (octal)
     */
    public void putFile(String vm, String path, int mode, Path content) throws IOException {
        put(vm, path, mode, RequestBody.create(content.toFile(), BYTES));
    }

    /** Writes bytes into a file of the guest. */
    public void putFile(String vm, String path, int mode, byte[] content) throws IOException {
        put(vm, path, mode, RequestBody.create(content, BYTES));
    }

    private void put(String vm, String path, int mode, RequestBody body) throws IOException {
        String target = vmPath(vm) + "/files?path=" + encoded(path) + "&mode=" + Integer.toOctalString(mode);
        endpoints
                .send(
                        Endpoints.Repeat.HARMLESS,
                        timeouts.transfer(),
                        base -> new Request.Builder().url(base + target).put(body))
                .response()
                .close();
    }

    /** Reads a file of the guest. The caller closes it. */
    public InputStream getFile(String vm, String path) throws IOException {
        return stream(vmPath(vm) + "/files?path=" + encoded(path));
    }

    /** Events of all hosts from now on. */
    public EventStream events() {
        return new EventStream(endpoints, timeouts, null);
    }

    /**
     * Events after those that were seen.
     *
     * @param after ids of the last events seen, one a host, separated by commas; {@code HOST.0} is before the first
     */
    public EventStream eventsAfter(String after) {
        return new EventStream(endpoints, timeouts, after);
    }

    private byte[] get(String path) throws IOException {
        return endpoints
                .send(Endpoints.Repeat.HARMLESS, timeouts.answer(), base -> new Request.Builder().url(base + path))
                .bytes();
    }

    private InputStream stream(String path) throws IOException {
        return endpoints
                .send(Endpoints.Repeat.HARMLESS, timeouts.answer(), base -> new Request.Builder().url(base + path))
                .body()
                .byteStream();
    }

    private byte[] post(Endpoints.Repeat repeat, Duration read, String path, @Nullable Object body) throws IOException {
        return endpoints.send(repeat, read, base -> post(base + path, body)).bytes();
    }

    private static Request.Builder post(String url, @Nullable Object body) {
        RequestBody content =
                body == null ? RequestBody.create(NO_BYTES, null) : RequestBody.create(Json.bytes(body), JSON);
        return new Request.Builder().url(url).post(content);
    }

    private static String vmPath(String vm) {
        return "/v1/vms/" + encoded(vm);
    }

    private static String networkPath(String project) {
        return "/v1/networks/" + encoded(project);
    }

    private static String execPath(String vm, String execId) {
        return vmPath(vm) + "/exec/" + encoded(execId);
    }

    private static String encoded(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Closes idle connections; calls in flight end by themselves. */
    @Override
    public void close() {
        endpoints.close();
    }
}
