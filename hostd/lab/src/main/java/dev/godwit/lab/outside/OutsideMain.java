package dev.godwit.lab.outside;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * The outside client's own process: the {@link OutsidePlan} and a file for the result. It says {@code listening} when
 * nothing that is sent to it gets lost. Lines on standard input: {@code begin} connects and starts both flows
 * ({@code ready}), {@code stop} ends its sending ({@code stopped}), {@code finish} writes the result ({@code finished});
 * the end of the input ends the process.
 */
public final class OutsideMain {
    private OutsideMain() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        List<String> arguments = List.of(args);
        OutsidePlan plan;
        Path result;
        try {
            plan = OutsidePlan.of(arguments.subList(0, Math.max(0, args.length - 1)));
            result = Path.of(arguments.getLast());
        } catch (IllegalArgumentException usage) {
            System.err.println(usage.getMessage());
            System.exit(2);
            return;
        }
        EpochNanos clock = new EpochNanos();
        RecordStream records =
                new RecordStream(new InetSocketAddress(plan.address(), plan.tcpPort()), plan.ratePerSecond(), clock);
        DatagramFlows datagrams = new DatagramFlows(
                new InetSocketAddress(plan.address(), plan.udpPort()), plan.listenPort(), plan.ratePerSecond(), clock);
        AnsweringServer server = new AnsweringServer(plan.serverPort());
        server.start();
        datagrams.listen();
        System.out.println("listening");

        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String order = orders.readLine(); order != null; order = orders.readLine()) {
            switch (order) {
                case "begin" -> {
                    records.start();
                    datagrams.start();
                    System.out.println("ready");
                }
                case "stop" -> {
                    datagrams.stopSending();
                    records.stop();
                    System.out.println("stopped");
                }
                case "finish" -> {
                    datagrams.stopReceiving();
                    new ObjectMapper().writeValue(result.toFile(), result(records, datagrams, server));
                    System.out.println("finished");
                    System.exit(0); // the threads may hang in a connection to a VM that is gone
                }
                default -> System.err.println("outside client: '" + order + "' is no order");
            }
        }
        System.exit(0);
    }

    private static OutsideResult result(RecordStream records, DatagramFlows datagrams, AnsweringServer server) {
        double median = records.echoes().medianGapMillis();
        return new OutsideResult(
                records.tcp(),
                datagrams.sent(),
                datagrams.received().received(),
                datagrams.received().duplicated(),
                datagrams.received().reordered(),
                server.seen(),
                Double.isNaN(median) ? null : median,
                records.echoes().gaps(),
                records.echoes().latencies());
    }
}
