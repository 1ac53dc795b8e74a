package dev.godwit.lab.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.lab.Command;
import dev.godwit.lab.DistFiles;
import dev.godwit.lab.HostNamespaces;
import java.io.IOException;
import java.time.Duration;

/**
 * A load that the program {@code pump} puts on the way to a VM.
 *
 * @param name of the row
 * @param mode of {@code pump}
 * @param field of its answer
 * @param scale from the field to the unit
 * @param cost whether less is better
 * @param connection whether it is one TCP connection, which a relay can carry
 */
record NetLoad(String name, String mode, String field, String unit, double scale, boolean cost, boolean connection) {
    static final int PORT = 7000;

    private static final double BYTES_TO_GBIT = 8e-9;

    static final NetLoad TO_VM =
            new NetLoad("net/tcp-to-vm", "send", "bytesPerSecond", "Gbit/s", BYTES_TO_GBIT, false, true);
    static final NetLoad FROM_VM =
            new NetLoad("net/tcp-from-vm", "receive", "bytesPerSecond", "Gbit/s", BYTES_TO_GBIT, false, true);
    static final NetLoad REQUEST = new NetLoad("net/request", "ask", "p50Micros", "us", 1, true, true);
    static final NetLoad SMALL = new NetLoad("net/small-packets", "small", "perSecond", "k/s", 1e-3, false, false);

    /** One measurement, in the load's unit. */
    double run(DistFiles dist, HostNamespaces client, String address, int seconds) throws IOException {
        String line = Command.of(
                        dist.probe("pump").toString(),
                        "--to",
                        address + ":" + PORT,
                        "--mode",
                        mode,
                        "--seconds",
                        Integer.toString(seconds))
                .within(Duration.ofSeconds(seconds + 20L))
                .behind(client.networkEntry())
                .run();
        JsonNode answer = new ObjectMapper().readTree(line);
        if (!answer.has(field)) {
            throw new IOException("pump said " + line.strip() + ", which has no " + field);
        }
        return answer.path(field).asDouble() * scale;
    }
}
