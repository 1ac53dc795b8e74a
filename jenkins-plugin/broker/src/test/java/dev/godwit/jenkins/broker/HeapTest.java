package dev.godwit.jenkins.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What was terminated is forgotten. {@code script/bench jenkins} does ten thousand. */
class HeapTest {
    private static final int WARM_UP = 300;
    private static final int CYCLES = 1000;
    /** An agent that is not forgotten weighs more than a kilobyte: its strings, moves, process, latches. */
    private static final long GROWTH_BYTES_MAX = CYCLES * 1024L;

    @TempDir
    Path directory;

    @Test
    @Timeout(value = 6, unit = TimeUnit.MINUTES)
    void aThousandAgentsLeaveNothingInTheHeap() throws Exception {
        try (MemoryHostd hostd = MemoryHostd.start(directory);
                BrokerCycles cycles = new BrokerCycles(hostd.endpoint(), 4, 4)) {
            cycles.run(WARM_UP);
            long before = BrokerCycles.heapBytes();
            cycles.run(CYCLES);
            assertThat(BrokerCycles.heapBytes() - before).isLessThan(GROWTH_BYTES_MAX);
        }
    }
}
