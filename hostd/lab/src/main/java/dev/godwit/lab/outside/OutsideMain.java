package dev.godwit.lab.outside;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The outside client's own process: {@code ADDRESS TCP-PORT UDP-PORT LISTEN-PORT RATE RESULT-FILE}. It says {@code ready}
 * when both flows run. A line {@code stop} on standard input ends its sending ({@code stopped}), a line {@code finish}
 * writes the result ({@code finished}); the end of the input ends the process.
 */
public final class OutsideMain {
    private OutsideMain() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 6) {
            System.err.println("usage: ADDRESS TCP-PORT UDP-PORT LISTEN-PORT RATE RESULT-FILE");
            System.exit(2);
        }
        int rate = Integer.parseInt(args[4]);
        EpochNanos clock = new EpochNanos();
        RecordStream records = new RecordStream(new InetSocketAddress(args[0], Integer.parseInt(args[1])), rate, clock);
        DatagramFlows datagrams = new DatagramFlows(
                new InetSocketAddress(args[0], Integer.parseInt(args[2])), Integer.parseInt(args[3]), rate, clock);
        records.start();
        datagrams.start();
        System.out.println("ready");

        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String order = orders.readLine(); order != null; order = orders.readLine()) {
            if (order.equals("stop")) {
                datagrams.stopSending();
                records.stop();
                System.out.println("stopped");
            } else if (order.equals("finish")) {
                datagrams.stopReceiving();
                new ObjectMapper().writeValue(Path.of(args[5]).toFile(), result(records, datagrams));
                System.out.println("finished");
                break;
            }
        }
        System.exit(0); // the threads may hang in a connection to a VM that is gone
    }

    private static OutsideResult result(RecordStream records, DatagramFlows datagrams) {
        double median = records.echoes().medianGapMillis();
        return new OutsideResult(
                records.tcp(),
                datagrams.sent(),
                datagrams.received().received(),
                datagrams.received().duplicated(),
                datagrams.received().reordered(),
                Double.isNaN(median) ? null : median,
                records.echoes().gaps(),
                records.echoes().latencies());
    }
}
