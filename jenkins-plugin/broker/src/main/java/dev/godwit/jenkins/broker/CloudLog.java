package dev.godwit.jenkins.broker;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What went wrong in a cloud and is right again, newest last: for the cloud's page and the agent templates'. Thread-safe. */
public final class CloudLog {
    /** A page's worth. */
    public static final int ENTRIES_MAX = 100;

    private static final Logger LOG = LoggerFactory.getLogger(CloudLog.class);

    /**
     * A sentence.
     *
     * @param agentTemplate whom it is about; null: the whole cloud
     * @param first when it was said first
     * @param last when it was said last, without another one about the same between
     * @param times how often
     */
    public record Entry(@Nullable String agentTemplate, String sentence, Instant first, Instant last, int times) {}

    private final String cloud;
    private final InstantSource clock;
    private final Deque<Entry> entries = new ArrayDeque<>();

    CloudLog(String cloud, InstantSource clock) {
        this.cloud = cloud;
        this.clock = clock;
    }

    /** Says it; what is said already, and nothing else since about the same, is counted and not said again. */
    synchronized void say(@Nullable String agentTemplate, String sentence) {
        Instant now = clock.instant();
        Entry same = null;
        for (Entry entry : entries) {
            if (Objects.equals(entry.agentTemplate(), agentTemplate)) {
                same = entry;
            }
        }
        if (same != null && same.sentence().equals(sentence)) {
            entries.remove(same);
            entries.addLast(new Entry(agentTemplate, sentence, same.first(), now, same.times() + 1));
            return;
        }
        LOG.warn("cloud {}{}: {}", cloud, agentTemplate == null ? "" : ", agent template " + agentTemplate, sentence);
        entries.addLast(new Entry(agentTemplate, sentence, now, now, 1));
        if (entries.size() > ENTRIES_MAX) {
            entries.removeFirst();
        }
    }

    /** All of the cloud, oldest first. */
    public synchronized List<Entry> entries() {
        return new ArrayList<>(entries);
    }

    /** Those about an agent template, oldest first. */
    public synchronized List<Entry> entries(String agentTemplate) {
        return entries.stream()
                .filter(entry -> agentTemplate.equals(entry.agentTemplate()))
                .toList();
    }
}
