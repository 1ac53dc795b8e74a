package dev.godwit.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private GuestdProcess guestd;
    private GuestChannel channel;

    @BeforeEach
    void start() throws Exception {
        guestd = new GuestdProcess(directory);
        channel = guestd.channel();
        channel.awaitReady(LONG);
    }

    @AfterEach
    void stop() {
        channel.close();
        guestd.close();
    }

    private void shell(String id, String script) throws Exception {
        channel.exec(ExecRequest.of(id, "sh", "-c", script));
    }

    @Test
    void aProcessGivesItsOutputItsErrorsAndItsExitStatus() throws Exception {
        shell("a", "echo out; echo err >&2; exit 3");
        assertThat(Streams.text(channel, "a", OutStream.STDOUT)).isEqualTo("out\n");
        assertThat(Streams.text(channel, "a", OutStream.STDERR)).isEqualTo("err\n");
        assertThat(channel.await("a", LONG)).isEqualTo(new ExecState.Exited(3));
    }

    @Test
    void environmentAndWorkingDirectoryAreTheRequested() throws Exception {
        channel.exec(new ExecRequest(
                "a",
                List.of("sh", "-c", "pwd; echo $COLOUR; echo $PATH"),
                Map.of("COLOUR", "grey blue"),
                "/usr",
                false));
        assertThat(Streams.text(channel, "a", OutStream.STDOUT)).startsWith("/usr\ngrey blue\n/usr/local/sbin");
    }

    @Test
    void aProcessDoesNotInheritDescriptorsOfGuestd() throws Exception {
        shell("a", "ls /proc/self/fd | wc -l");
        // stdin, stdout, stderr, and the directory that ls reads.
        assertThat(Streams.text(channel, "a", OutStream.STDOUT).strip()).isEqualTo("4");
    }

    @Test
    void theSameRequestAgainIsTheSameExecAndAnotherIsAConflict() throws Exception {
        ExecRequest request = ExecRequest.of("a", "sleep", "100");
        long pid = channel.exec(request);
        assertThat(channel.exec(request)).isEqualTo(pid);
        assertThatThrownBy(() -> channel.exec(ExecRequest.of("a", "sleep", "101")))
                .asInstanceOf(type(GuestRefused.class))
                .returns(GuestRefused.Reason.CONFLICT, GuestRefused::reason);
        channel.signal("a", "KILL");
    }

    @Test
    void aCommandThatIsNotThereIsRefusedAndLeavesNoExec() throws Exception {
        assertThatThrownBy(() -> channel.exec(ExecRequest.of("a", "no-such-command")))
                .hasMessageContaining("No such file or directory")
                .asInstanceOf(type(GuestRefused.class))
                .returns(GuestRefused.Reason.SYSTEM, GuestRefused::reason)
                .returns(2L, GuestRefused::value);
        assertThat(channel.execs()).isEmpty();
    }

    @Test
    void aSignalReachesTheWholeProcessGroup() throws Exception {
        shell("a", "sleep 100 & sleep 100; echo not reached");
        channel.signal("a", "SIGTERM");
        assertThat(channel.await("a", LONG)).isEqualTo(new ExecState.Killed(15));
        assertThat(Streams.text(channel, "a", OutStream.STDOUT)).isEmpty();
    }

    /** A shell takes pending signals by their numbers: WINCH after TERM. */
    @Test
    void aSignalThatIsAskedForAgainUnderItsKeyIsSentOnce() throws Exception {
        shell("a", "trap 'n=$((n+1)); echo $n' TERM; trap 'exit $n' WINCH; n=0; echo 0; while :; do sleep 0.05; done");
        try (OutputReader output = channel.output("a", OutStream.STDOUT, 0)) {
            assertThat(piece(output)).isEqualTo("0\n");
            channel.signal("a", "TERM", 41);
            assertThat(piece(output)).isEqualTo("1\n");
            channel.signal("a", "TERM", 42);
            assertThat(piece(output)).isEqualTo("2\n");
            channel.signal("a", "TERM", 41);
            channel.signal("a", "WINCH", 43);
        }
        assertThat(channel.await("a", LONG)).isEqualTo(new ExecState.Exited(2));
    }

    private static String piece(OutputReader output) throws Exception {
        return new String(((Output.Piece) output.next(LONG)).bytes(), UTF_8);
    }

    @Test
    void stdinArrivesInOrderAndARepeatedPieceIsNotWrittenAgain() throws Exception {
        channel.exec(ExecRequest.of("a", "cat"));
        channel.stdin("a", 0, "hello ".getBytes(UTF_8), false);
        channel.stdin("a", 0, "hello ".getBytes(UTF_8), false);
        channel.stdin("a", 3, "lo world".getBytes(UTF_8), false);
        channel.stdin("a", 11, new byte[0], true);
        channel.stdin("a", 11, new byte[0], true);
        assertThat(Streams.text(channel, "a", OutStream.STDOUT)).isEqualTo("hello world");
        assertThat(channel.await("a", LONG)).isEqualTo(new ExecState.Exited(0));
    }

    @Test
    void stdinBeyondWhatWasWrittenIsRefusedWithTheOffsetToGoOnFrom() throws Exception {
        channel.exec(ExecRequest.of("a", "cat"));
        channel.stdin("a", 0, new byte[5], false);
        assertThatThrownBy(() -> channel.stdin("a", 6, new byte[1], false))
                .asInstanceOf(type(GuestRefused.class))
                .returns(GuestRefused.Reason.OFFSET_AHEAD, GuestRefused::reason)
                .returns(5L, GuestRefused::value);
    }

    @Test
    void stdinOfAProcessThatReadsNoMoreSaysSo() throws Exception {
        shell("a", "exec 0<&-; echo closed; sleep 100");
        try (OutputReader reader = channel.output("a", OutStream.STDOUT, 0)) {
            assertThat(reader.next(LONG)).isInstanceOf(Output.Piece.class);
        }
        Awaitility.await()
                .atMost(LONG)
                .untilAsserted(() -> assertThatThrownBy(
                                () -> channel.stdin("a", channel.status("a").stdinAccepted(), new byte[10], false))
                        .asInstanceOf(type(GuestRefused.class))
                        .returns(GuestRefused.Reason.STDIN_CLOSED, GuestRefused::reason));
    }

    @Test
    void aTerminalIsATerminalOfTheWantedSizeAndTakesInput() throws Exception {
        channel.exec(new ExecRequest(
                "a",
                List.of("sh", "-c", "tty; stty size; read x; stty size; echo got $x"),
                Map.of(),
                "/",
                true,
                33,
                99,
                0,
                0));
        try (OutputReader reader = channel.output("a", OutStream.STDOUT, 0)) {
            StringBuilder seen = new StringBuilder();
            readUntil(reader, seen, "33 99");
            assertThat(seen.toString()).startsWith("/dev/pts/");
            channel.resize("a", 44, 111);
            channel.stdin("a", 0, "word\n".getBytes(UTF_8), false);
            readUntil(reader, seen, "got word");
            assertThat(seen.toString()).contains("44 111");
        }
        assertThat(channel.await("a", LONG)).isEqualTo(new ExecState.Exited(0));
    }

    private static void readUntil(OutputReader reader, StringBuilder seen, String wanted) throws Exception {
        while (seen.indexOf(wanted) < 0) {
            if (!(reader.next(LONG) instanceof Output.Piece piece)) {
                throw new AssertionError("no '" + wanted + "' in: " + seen);
            }
            seen.append(new String(piece.bytes(), UTF_8));
        }
    }

    @Test
    void aDaemonLeftInTheBackgroundDoesNotHoldTheStreamOpen() throws Exception {
        shell("a", "(while :; do sleep 1; echo late; done) & echo done");
        assertThat(Streams.text(channel, "a", OutStream.STDOUT)).startsWith("done\n");
        assertThat(channel.await("a", LONG)).isEqualTo(new ExecState.Exited(0));
    }

    @Test
    void anOffsetThatWasOverwrittenIsGoneAndTheFirstKeptIsNamed() throws Exception {
        shell("a", "head -c 20000000 /dev/zero; echo END");
        channel.await("a", LONG);
        Awaitility.await().atMost(LONG).until(() -> channel.status("a").stdout().ended());
        ExecStatus.Stream stdout = channel.status("a").stdout();
        assertThat(stdout.end()).isEqualTo(20_000_004);
        assertThat(stdout.end() - stdout.firstKept()).isEqualTo(8 * 1024 * 1024);
        assertThatThrownBy(() -> channel.output("a", OutStream.STDOUT, 0))
                .asInstanceOf(type(OffsetGone.class))
                .returns(stdout.firstKept(), OffsetGone::firstKept);
        try (OutputReader reader = channel.output("a", OutStream.STDOUT, stdout.firstKept())) {
            byte[] rest = Streams.readAll(reader);
            assertThat(rest).hasSize(8 * 1024 * 1024);
            assertThat(new String(rest, rest.length - 4, 4, UTF_8)).isEqualTo("END\n");
        }
    }

    @Test
    void manyReadersOfOneStreamEachGetAllOfIt() throws Exception {
        shell("a", "seq 1 200000");
        byte[] first;
        try (OutputReader one = channel.output("a", OutStream.STDOUT, 0);
                OutputReader two = channel.output("a", OutStream.STDOUT, 0)) {
            first = Streams.readAll(one);
            assertThat(Streams.readAll(two)).isEqualTo(first);
        }
        assertThat(new String(first, UTF_8)).endsWith("\n200000\n").hasLineCount(200000);
    }

    @Test
    void tenSessionsAtOnceKeepTheirOutputsApart() throws Exception {
        for (int i = 0; i < 10; i++) {
            shell("s" + i, "for n in $(seq 1 3000); do echo " + i + " $n; done; exit " + i);
        }
        for (int i = 0; i < 10; i++) {
            assertThat(Streams.text(channel, "s" + i, OutStream.STDOUT).lines())
                    .hasSize(3000)
                    .allMatch(startsWith(i + " "));
            assertThat(channel.await("s" + i, LONG)).isEqualTo(new ExecState.Exited(i));
        }
        assertThat(channel.execs()).hasSize(10);
    }

    private static Predicate<String> startsWith(String prefix) {
        return line -> line.startsWith(prefix);
    }

    @Test
    void zombiesAndDescriptorsDoNotPileUp() throws Exception {
        long before = guestd.openFiles();
        for (int i = 0; i < 100; i++) {
            String id = "z" + i;
            // An orphan beside each: it becomes a child of guestd and must be reaped as well.
            shell(id, "(sleep 0.01 &) ; echo x");
            channel.await(id, LONG);
            assertThat(Streams.text(channel, id, OutStream.STDOUT)).isEqualTo("x\n");
            channel.forget(id);
        }
        assertThat(channel.execs()).isEmpty();
        Awaitility.await().atMost(LONG).untilAsserted(() -> {
            assertThat(guestd.zombies()).isEmpty();
            assertThat(guestd.openFiles()).isEqualTo(before);
        });
    }

    @Test
    void theSixtyFifthExecIsRefusedUntilAnEndedOneIsForgotten() throws Exception {
        for (int i = 0; i < 64; i++) {
            channel.exec(ExecRequest.of("e" + i, "true"));
        }
        assertThatThrownBy(() -> channel.exec(ExecRequest.of("more", "true")))
                .asInstanceOf(type(GuestRefused.class))
                .returns(GuestRefused.Reason.LIMIT, GuestRefused::reason);
        channel.await("e7", LONG);
        channel.forget("e7");
        channel.exec(ExecRequest.of("more", "true"));
    }

    @Test
    void aRunningExecIsNotForgotten() throws Exception {
        channel.exec(ExecRequest.of("a", "sleep", "100"));
        assertThatThrownBy(() -> channel.forget("a"))
                .asInstanceOf(type(GuestRefused.class))
                .returns(GuestRefused.Reason.CONFLICT, GuestRefused::reason);
    }

    @Test
    void aQuietProcessCostsNoProcessorTime() throws Exception {
        channel.exec(ExecRequest.of("a", "sleep", "100"));
        try (OutputReader reader = channel.output("a", OutStream.STDOUT, 0)) {
            long before = guestd.cpuTicks();
            assertThat(reader.next(Duration.ofSeconds(1))).isEqualTo(new Output.Quiet(0));
            assertThat(guestd.cpuTicks() - before).isLessThan(20);
        }
    }

    @Test
    void hundredMegabytesThroughASlowReaderAreAllThereAndMemoryIsBounded() throws Exception {
        shell("a", "head -c 100000000 /dev/zero | tr '\\0' x");
        long received = 0;
        long highestKib = 0;
        long firstEnd = 0;
        try (OutputReader reader = channel.output("a", OutStream.STDOUT, 0)) {
            // While nothing is consumed, the process gets as far as ring, pipe and window let it.
            Awaitility.await()
                    .atMost(LONG)
                    .until(() -> channel.status("a").stdout().end() >= 8 * 1024 * 1024);
            firstEnd = channel.status("a").stdout().end();
            while (reader.next(LONG) instanceof Output.Piece piece) {
                assertThat(piece.offset()).isEqualTo(received);
                received += piece.bytes().length;
                highestKib = Math.max(highestKib, guestd.residentKib());
            }
        }
        assertThat(firstEnd).isEqualTo(8 * 1024 * 1024);
        assertThat(received).isEqualTo(100_000_000);
        assertThat(highestKib).isLessThan(24 * 1024);
        assertThat(channel.await("a", LONG)).isEqualTo(new ExecState.Exited(0));
    }

    @Test
    void withoutAReaderTheProcessRunsFree() throws Exception {
        shell("a", "head -c 50000000 /dev/zero");
        assertThat(channel.await("a", LONG)).isEqualTo(new ExecState.Exited(0));
    }

    @Test
    void aReaderThatIsClosedHoldsTheProcessNoLonger() throws Exception {
        shell("a", "head -c 50000000 /dev/zero");
        OutputReader reader = channel.output("a", OutStream.STDOUT, 0);
        Awaitility.await().atMost(LONG).until(() -> channel.status("a").stdout().end() >= 8 * 1024 * 1024);
        assertThat(channel.status("a").state()).isEqualTo(new ExecState.Running());
        reader.close();
        assertThat(channel.await("a", LONG)).isEqualTo(new ExecState.Exited(0));
    }

    @Test
    void nothingIsKeptOfAClosedReader() throws IOException, InterruptedException {
        channel.exec(ExecRequest.of("a", "sleep", "100"));
        for (int i = 0; i < 1000; i++) {
            channel.output("a", OutStream.STDOUT, 0).close();
        }
        assertThat(channel.ping().roundTrip()).isPositive();
    }
}
