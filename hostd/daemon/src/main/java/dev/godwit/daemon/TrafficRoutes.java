package dev.godwit.daemon;

import dev.godwit.api.Flow;
import dev.godwit.net.CaptureLimit;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One VM's traffic: what happens to its flows, and its packets. */
final class TrafficRoutes {
    static final String PCAP = "application/vnd.tcpdump.pcap";

    /** Whoever waits longer has forgotten it. */
    private static final int SECONDS_MAX = 3600;

    private static final int PACKETS_MAX = 10_000_000;
    private static final int BYTES_MIN = 1024;
    private static final int BYTES_MAX = 1 << 30;
    private static final int SNAP_BYTES_MIN = 64;
    /** A large segment that the card would cut. */
    private static final int SNAP_BYTES_MAX = 65_536;

    private final Control control;
    private final Fleet fleet;

    TrafficRoutes(Control control, Fleet fleet) {
        this.control = control;
        this.fleet = fleet;
    }

    List<Route> routes() {
        return List.of(
                new Route("GET", "/v1/vms/{vm}/flows", (request, response) -> {
                    String vm = Parameters.path(request, "vm");
                    fleet.atOwner(vm, request, response, (here, answer) -> flows(here, answer, vm));
                }),
                new Route("GET", "/v1/vms/{vm}/capture", (request, response) -> {
                    String vm = Parameters.path(request, "vm");
                    fleet.atOwner(vm, request, response, (here, answer) -> capture(here, answer, vm));
                }));
    }

    private void flows(ServerRequest request, ServerResponse response, String vm) throws Exception {
        boolean follow = Parameters.flag(request, "follow");
        String vmId = control.vm(vm).id();
        try (FlowReader reader = control.traffic().flows(vmId);
                Sse stream = new Sse(response)) {
            stream.heartbeat(); // the headers go now, so that a client knows that it is attached
            FlowReader.Flows flows = reader.next(Duration.ZERO);
            send(stream, flows);
            while (follow && !flows.gone()) {
                flows = reader.next(Sse.HEARTBEAT);
                if (flows.flows().isEmpty()) {
                    stream.heartbeat();
                }
                send(stream, flows);
            }
            if (follow) {
                stream.problem(left(vm).problem());
            } else {
                stream.send("end", Map.of());
            }
        }
    }

    private static void send(Sse stream, FlowReader.Flows flows) {
        if (flows.gap()) {
            stream.send("gap", Map.of());
        }
        for (Flow flow : flows.flows()) {
            stream.send("flow", flow);
        }
    }

    private Unavailable left(String vm) {
        return new Unavailable(
                "VM " + vm + " is not at host " + control.hostId() + " any more; ask again, and its owner answers.");
    }

    private void capture(ServerRequest request, ServerResponse response, String vm) throws IOException {
        CaptureLimit limit = new CaptureLimit(
                Parameters.number(request, "packets", 1, PACKETS_MAX, (int) CaptureLimit.USUAL.frames()),
                Parameters.number(request, "bytes", BYTES_MIN, BYTES_MAX, (int) CaptureLimit.USUAL.bytes()),
                Duration.ofSeconds(Parameters.number(request, "seconds", 1, SECONDS_MAX, (int)
                        CaptureLimit.USUAL.time().toSeconds())),
                Parameters.number(request, "snap", SNAP_BYTES_MIN, SNAP_BYTES_MAX, SNAP_BYTES_MAX));
        String vmId = control.vm(vm).id();
        try (OutputStream out = new LateHead(response, PCAP)) {
            control.traffic().capture(vmId, limit, out);
        }
    }

    /** Sends the head with the first bytes: what fails before is still answered with its sentence. */
    private static final class LateHead extends OutputStream {
        private final ServerResponse response;
        private final String mediaType;
        private @Nullable OutputStream out;

        LateHead(ServerResponse response, String mediaType) {
            this.response = response;
            this.mediaType = mediaType;
        }

        @Override
        public void write(int value) throws IOException {
            begun().write(value);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            begun().write(bytes, offset, length);
        }

        @Override
        public void flush() throws IOException {
            begun().flush();
        }

        private OutputStream begun() {
            OutputStream begun = out;
            if (begun == null) {
                begun = response.status(200)
                        .header(HeaderNames.CONTENT_TYPE, mediaType)
                        .outputStream();
                out = begun;
            }
            return begun;
        }

        @Override
        public void close() throws IOException {
            if (out != null) {
                out.close();
            }
        }
    }
}
