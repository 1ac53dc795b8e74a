package dev.godwit.vmm;

import java.util.ArrayDeque;
import java.util.Deque;

/** What was opened for an object that is not made yet: closed in reverse order unless {@link #keep} was called. */
final class Unfinished implements AutoCloseable {
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    <T extends AutoCloseable> T add(T resource) {
        opened.push(resource);
        return resource;
    }

    /** The object is made and owns all of it. */
    void keep() {
        opened.clear();
    }

    @Override
    public void close() {
        for (AutoCloseable resource : opened) {
            try {
                resource.close();
            } catch (Exception failed) {
                throw new IllegalStateException("can't close " + resource, failed);
            }
        }
        opened.clear();
    }
}
