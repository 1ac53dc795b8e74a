package dev.godwit.lab.bench;

import dev.godwit.lab.Command;
import dev.godwit.lab.HostNamespaces;
import dev.godwit.net.Location;
import dev.godwit.net.Locations;
import dev.godwit.net.VmAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What a host pays to know where 10,000 VMs are: memory of the kernel's, and how many changes a second it takes in. The peer
 * is a route for each VM, as a kernel without Godwit's programs would need it.
 */
final class LocationRows {
    private static final int VMS = 10_000;
    private static final Duration ROUTES_LIMIT = Duration.ofMinutes(1);

    private LocationRows() {}

    static List<BenchRow> measure(GodwitPath path, HostNamespaces routed, int rounds)
            throws IOException, InterruptedException {
        List<Double> single = new ArrayList<>();
        List<Double> together = new ArrayList<>();
        List<Double> routes = new ArrayList<>();
        List<Double> bytes = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            List<Location> one = locations(2L * round);
            List<Location> other = locations(2L * round + 1);
            bytes.add(path.hosts().getFirst().at(network -> {
                Locations maps = network.maps().locations();
                long empty = maps.memoryBytes();
                long start = System.nanoTime();
                for (Location location : one) {
                    maps.put(location);
                }
                single.add(thousandsPerSecond(start));
                start = System.nanoTime();
                maps.putAll(other);
                together.add(thousandsPerSecond(start));
                double taken = (double) (maps.memoryBytes() - empty) / VMS;
                for (Location location : other) {
                    maps.remove(location.vm(), location.fence());
                }
                return taken;
            }));
            long start = System.nanoTime();
            Command.of("ip", "-batch", "-")
                    .withInput(routeLines("replace"))
                    .within(ROUTES_LIMIT)
                    .behind(routed.networkEntry())
                    .run();
            routes.add(thousandsPerSecond(start));
            Command.of("ip", "-batch", "-")
                    .withInput(routeLines("del"))
                    .within(ROUTES_LIMIT)
                    .behind(routed.networkEntry())
                    .run();
        }
        List<BenchRow.Peer> peers = List.of(BenchRow.Peer.of("ip-route", Sample.of(routes)));
        return List.of(
                BenchRow.of("net/locations/put", "k/s", Sample.of(single), peers),
                BenchRow.of("net/locations/put-all", "k/s", Sample.of(together), peers),
                BenchRow.ofCost("net/locations/memory", "B/VM", Sample.of(bytes), List.of()));
    }

    private static double thousandsPerSecond(long startNanos) {
        return VMS * 1e6 / (System.nanoTime() - startNanos);
    }

    private static List<Location> locations(long fence) throws IOException {
        List<Location> all = new ArrayList<>();
        InetAddress host = InetAddress.getByName(NetChain.GATEWAY);
        for (int vm = 0; vm < VMS; vm++) {
            all.add(Location.settled(new VmAddress(1 + vm % 100, InetAddress.getByName(address(vm))), host, fence));
        }
        return all;
    }

    private static String routeLines(String verb) {
        StringBuilder lines = new StringBuilder();
        for (int vm = 0; vm < VMS; vm++) {
            lines.append("route ").append(verb).append(' ').append(address(vm)).append("/32 via 10.3.0.1\n");
        }
        return lines.toString();
    }

    /** Of a range that no contender's VM is in. */
    private static String address(int vm) {
        return "10.91." + vm / 250 + "." + (1 + vm % 250);
    }
}
