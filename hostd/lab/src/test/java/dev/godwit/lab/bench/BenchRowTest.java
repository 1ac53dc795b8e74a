package dev.godwit.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchRowTest {
    private static final Sample OURS = Sample.of(List.of(50.0, 40.0, 70.0));
    private static final List<BenchRow.Peer> PEERS = List.of(
            BenchRow.Peer.of("slow", Sample.of(List.of(20.0))), BenchRow.Peer.of("fast", Sample.of(List.of(100.0))));

    @Test
    void theRatioOfBytesASecondIsAgainstThePeerWithTheMost() {
        assertThat(BenchRow.of("wire", "MB/s", OURS, PEERS).ratio()).isEqualTo(0.5);
    }

    @Test
    void theRatioOfMillisecondsIsAgainstThePeerWithTheLeast() {
        assertThat(BenchRow.ofCost("cli", "ms", OURS, PEERS).ratio()).isEqualTo(0.4);
    }

    @Test
    void aRowWithoutAPeerHasNoRatio() {
        BenchRow row = BenchRow.ofCost("cli/hostd-rss-anon", "MiB", OURS, List.of());
        assertThat(row.ratio()).isNull();
        assertThat(row.line()).contains("cli/hostd-rss-anon").contains("50.0 (40.0-70.0)");
    }

    @Test
    void theDocumentHasTheFieldsThatOthersRead(@TempDir Path folder) throws IOException {
        Path json = folder.resolve("bench.json");
        BenchDocument document = new BenchDocument("move", BenchMachine.running("tcg"));
        document.add(BenchRow.ofCost("move/blackout/1vcpu", "ms", OURS, PEERS));
        document.write(json);
        JsonNode read = new ObjectMapper().readTree(json.toFile());
        assertThat(read.path("bench").asText()).isEqualTo("move");
        assertThat(read.path("machine").path("accelerator").asText()).isEqualTo("tcg");
        JsonNode row = read.path("rows").path(0);
        assertThat(row.path("case").asText()).isEqualTo("move/blackout/1vcpu");
        assertThat(row.path("ours").path("median").asDouble()).isEqualTo(50);
        assertThat(row.path("ours").path("n").asInt()).isEqualTo(3);
        assertThat(row.path("peers").path(1).path("name").asText()).isEqualTo("fast");
        assertThat(row.path("ratio").asDouble()).isEqualTo(0.4);
    }
}
