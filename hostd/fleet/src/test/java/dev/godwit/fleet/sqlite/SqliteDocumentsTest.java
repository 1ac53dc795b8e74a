package dev.godwit.fleet.sqlite;

import dev.godwit.fleet.FleetDocumentsContract;
import dev.godwit.fleet.FleetStore;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class SqliteDocumentsTest extends FleetDocumentsContract {
    @TempDir
    Path directory;

    @Override
    protected FleetStore open() throws Exception {
        return SqliteFleetStore.open(directory.resolve("fleet.db"), System::nanoTime);
    }
}
