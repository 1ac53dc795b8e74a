package dev.godwit.daemon;

import dev.godwit.move.VmPort;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** What a move asks of a VM at its source. */
record SourceVm(HostedVm vm) implements VmPort {
    /** Saving 750 KB of device state took up to 162 ms on a loaded machine. */
    private static final Duration STATE_TIMEOUT = Duration.ofSeconds(10);

    @Override
    public void pause() throws IOException {
        vm.hold();
        vm.vmm().pause();
    }

    @Override
    public void resume(long fence) throws IOException {
        vm.goOn(fence);
    }

    @Override
    public void saveState(Path listeningSocket) throws IOException {
        vm.vmm().saveState(listeningSocket, STATE_TIMEOUT);
    }

    @Override
    public boolean isGone() {
        return vm.isGone();
    }

    @Override
    public void discard() throws IOException {
        vm.discard();
    }
}
