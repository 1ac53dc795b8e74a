package dev.godwit.daemon;

import dev.godwit.fleet.FleetDocument;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** A document of the fleet store that this version of hostd did not write. */
final class UnreadableDocument extends UncheckedIOException {
    private static final long serialVersionUID = 1L;

    UnreadableDocument(FleetDocument document, @Nullable Throwable cause) {
        super(new IOException(
                "The " + document.kind() + " " + document.name() + " in the fleet store (revision "
                        + document.revision() + ") is not as this version of hostd writes it"
                        + (cause == null ? "" : ": " + cause.getMessage())
                        + " Put it anew, or bring this host to the fleet's version.",
                cause));
    }
}
