package dev.godwit.lab.bench;

import java.io.IOException;

/**
 * A running guest of the image {@code debian-ci}, and a way to move it from where it is to where it is not. For one
 * thread.
 */
interface Mover extends AutoCloseable {
    /** Pages of 4 KiB that the writer owns: 64 MiB, as in the demo. */
    int WRITER_MIB = 64;
    /** Page writes a second: the working set that a compile would have, a few per cent of an emulated CPU. */
    int WRITER_PAGES_PER_SECOND = 1500;
    /** Pages that the writer has read again after each wake, before anything is measured: each has been written then. */
    int WRITER_PAGES_FIRST = 2000;

    /**
     * What a move cost.
     *
     * @param blackoutMillis during which the guest stood still
     * @param totalMillis from the order to the running guest
     * @param bytes that went over the link, headers included
     */
    record Cost(double blackoutMillis, double totalMillis, double bytes) {}

    String name();

    /** Moves the guest; returns when it runs at the other place. */
    Cost move() throws IOException, InterruptedException;

    /** Lets a program in the guest write and check pages from now on. */
    void startWriter() throws IOException, InterruptedException;

    /** Leaves the CPU to the others: whatever the guest does ends until {@link #wake}. */
    void rest() throws IOException, InterruptedException;

    /** Goes on after {@link #rest}; returns when the guest does what it did before. */
    void wake() throws IOException, InterruptedException;

    @Override
    void close() throws IOException, InterruptedException;
}
