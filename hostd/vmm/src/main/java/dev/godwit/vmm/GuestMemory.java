package dev.godwit.vmm;

import dev.godwit.volume.PageSet;
import dev.godwit.volume.Pages;
import dev.godwit.volume.SourceVolume;
import dev.godwit.volume.TargetVolume;
import java.io.IOException;

/**
 * The RAM of one guest, seen from outside its VMM: what was written ({@link #scan}), what is in it ({@link #read}), and
 * filling it ({@link #write}) before the guest runs. The VMM does not know that it is watched.
 *
 * <p>A VMM that goes on after hostd ended stays tracked: the new hostd's memory forgets what was scanned and not sent, so
 * every sink it opens is marked with all of {@link #content}. A scan that fails marks every page in every sink, since a
 * scan destroys what it reads.
 *
 * <p>A hole in the RAM file is not a zero page: {@link #content} and {@link #read} never touch a hole through a mapping.
 */
public interface GuestMemory extends SourceVolume, TargetVolume, AutoCloseable {
    /** How writes are found: {@code uffd-wp-async}, {@code soft-dirty}; shown in the host's status. */
    String tracking();

    /** Makes all of it zero: of a VMM that waits for a state, and has touched pages of its own (firmware, tables). */
    default void clear() throws IOException {
        PageSet touched = content();
        for (long first = touched.next(0); first >= 0; first = touched.next(first)) {
            int run = touched.run(first, Pages.PAGES_PER_BLOCK);
            zero(first, run);
            first += run;
        }
    }

    /** Lets go of the memory; the VMM and the tracking of its writes go on. */
    @Override
    void close();
}
