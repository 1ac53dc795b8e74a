package dev.godwit.edge;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Leaves it to a program of the operator, for addresses that a cloud hands out by its API: it is run with {@code claim} or
 * {@code release} and the address, and has done it when it ends with status 0. It may be run again for what is so already.
 */
public final class CommandClaim implements AddressClaim {
    private final List<String> command;
    private final Duration within;

    /**
     * @param command program and first arguments; never given to a shell
     * @param within after this time it is killed, which counts as a failure
     */
    public CommandClaim(List<String> command, Duration within) {
        if (command.isEmpty()) {
            throw new IllegalArgumentException("the command that claims addresses is empty");
        }
        this.command = List.copyOf(command);
        this.within = within;
    }

    @Override
    public void claim(InetAddress address) throws IOException {
        run("claim", address);
    }

    @Override
    public void announce(InetAddress address) {
        // A cloud's API needs no repetition.
    }

    @Override
    public void release(InetAddress address) throws IOException {
        run("release", address);
    }

    private void run(String verb, InetAddress address) throws IOException {
        List<String> argv = new ArrayList<>(command);
        argv.add(verb);
        argv.add(address.getHostAddress());
        Program.run(within, "", argv);
    }
}
