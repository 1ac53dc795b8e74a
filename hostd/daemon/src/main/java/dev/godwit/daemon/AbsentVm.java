package dev.godwit.daemon;

import dev.godwit.move.VmPort;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The VM of an open move that was not taken back. Where nothing of it is left it can't run, and there is nothing to remove;
 * where its files could not be taken back nothing is known of it, and nothing is ended.
 */
record AbsentVm(String vmId, VmRecords records) implements VmPort {
    private static final Logger log = LoggerFactory.getLogger(AbsentVm.class);

    @Override
    public void pause() throws IOException {
        throw absent();
    }

    @Override
    public void resume(long fence) throws IOException {
        throw absent();
    }

    @Override
    public void saveState(Path listeningSocket) throws IOException {
        throw absent();
    }

    @Override
    public boolean isGone() {
        return !records.has(vmId);
    }

    @Override
    public void discard() throws IOException {
        if (!isGone()) {
            throw absent();
        }
        log.info("vm {}: nothing of it is left on this host", vmId);
    }

    private IOException absent() {
        return new IOException(
                isGone()
                        ? "nothing of vm " + vmId + " is left on this host"
                        : "vm " + vmId + " could not be taken back when hostd started; its log says why");
    }
}
