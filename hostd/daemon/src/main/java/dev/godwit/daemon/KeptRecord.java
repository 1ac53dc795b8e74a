package dev.godwit.daemon;

import java.io.IOException;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a VM stands on this host, in memory and on the disk. What is about to be done is written first ({@link #enter}); what
 * was done already stands at once and is written as soon as the disk takes it ({@link #stands}): a guest that runs is not
 * stopped because a file could not be written. Thread-safe.
 */
final class KeptRecord {
    private static final Logger log = LoggerFactory.getLogger(KeptRecord.class);

    private final VmRecords records;
    private final Duration retry;
    private volatile VmRecord now;
    private boolean unwritten;
    private boolean closed;

    /** @param retry between two tries to write what the disk refused */
    KeptRecord(VmRecords records, VmRecord now, Duration retry) {
        this.records = records;
        this.now = now;
        this.retry = retry;
    }

    VmRecord now() {
        return now;
    }

    /** Writes the change before anything acts on it; the disk's refusal changes nothing. */
    synchronized void enter(UnaryOperator<VmRecord> change) throws IOException {
        requireOpen();
        VmRecord next = change.apply(now);
        records.save(next);
        now = next;
        unwritten = false;
    }

    /** The change has happened. What can't be written now is written later, for as long as this host has the VM. */
    synchronized void stands(UnaryOperator<VmRecord> change) throws IOException {
        requireOpen();
        now = change.apply(now);
        try {
            records.save(now);
            unwritten = false;
        } catch (IOException e) {
            log.error(
                    "vm {} is {} under fence {}, and this can't be written yet: {}",
                    now.id(),
                    now.phase(),
                    now.fence(),
                    e.getMessage());
            if (!unwritten) {
                unwritten = true;
                Thread.ofVirtual().name("record-of-" + now.id()).start(this::writeAtLast);
            }
        }
    }

    private void writeAtLast() {
        try {
            do {
                Thread.sleep(retry);
            } while (!writeNow());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean writeNow() {
        if (closed || !unwritten) {
            return true;
        }
        try {
            records.save(now);
            unwritten = false;
            log.info("vm {} is {} under fence {}, and this is written now", now.id(), now.phase(), now.fence());
            return true;
        } catch (IOException e) {
            log.debug("the record of vm {} waits for the disk: {}", now.id(), e.getMessage());
            return false;
        }
    }

    /** Nothing is written from now on: the VM is being removed, or hostd goes down. */
    synchronized void close() {
        closed = true;
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new IOException("VM " + now.name() + " (" + now.id() + ") is being removed from this host");
        }
    }
}
