package dev.godwit.daemon;

import java.io.IOException;

/** A guest whose VMM stopped it because its disk failed, as {@link DiskPause} sees it. */
interface WaitingGuest {
    String id();

    String name();

    /** Whether it waits for its disk now; false too when there is no VMM left. */
    boolean waits() throws IOException;

    /** Whether its disk is full; false: it failed otherwise. */
    boolean diskIsFull() throws IOException;

    /** Whether there is room for it to go on for a while. */
    boolean hasRoom() throws IOException;

    /** Lets it try again; false when that is another's to say: a move holds it. */
    boolean tryAgain() throws IOException;
}
