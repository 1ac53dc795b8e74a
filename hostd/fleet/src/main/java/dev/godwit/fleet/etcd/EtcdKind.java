package dev.godwit.fleet.etcd;

import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.NewDocument;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.options.GetOption;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Reads the documents of one kind. */
final class EtcdKind implements Listed<FleetDocument> {
    /** gRPC refuses answers above 4 MiB, and this many of the largest documents have half of that. */
    static final int PAGE = 32;

    private final KV kv;
    private final EtcdCalls calls;
    private final String kind;
    private final ByteSequence prefix;

    EtcdKind(KV kv, EtcdCalls calls, String kind) {
        NewDocument.requireKind(kind);
        this.kv = kv;
        this.calls = calls;
        this.kind = kind;
        this.prefix = Keys.documents(kind);
    }

    @Override
    public ByteSequence prefix() {
        return prefix;
    }

    /** All pages are read at the revision of the first. */
    @Override
    public Listing<FleetDocument> listing() throws FleetStoreUnavailable {
        ByteSequence end = afterAll(prefix);
        Map<String, FleetDocument> all = new HashMap<>();
        ByteSequence from = prefix;
        long revision = 0;
        while (true) {
            GetOption page = GetOption.builder()
                    .withRange(end)
                    .withLimit(PAGE)
                    .withRevision(revision)
                    .build();
            GetResponse found = calls.repeatable("list the documents of kind " + kind, kv.get(from, page));
            revision = revision == 0 ? found.getHeader().getRevision() : revision;
            for (KeyValue one : found.getKvs()) {
                FleetDocument document = document(kind, one);
                all.put(document.name(), document);
            }
            if (!found.isMore() || found.getKvs().isEmpty()) {
                return new Listing<>(all, revision);
            }
            from = found.getKvs().getLast().getKey().concat(ByteSequence.from(new byte[1]));
        }
    }

    @Override
    public Optional<FleetDocument> read(String name) throws FleetStoreUnavailable {
        return calls.repeatable("read " + kind + " " + name, kv.get(prefix.concat(Keys.bytes(name)))).getKvs().stream()
                .map(found -> document(kind, found))
                .findFirst();
    }

    static FleetDocument document(String kind, KeyValue found) {
        return new FleetDocument(
                kind,
                Keys.tail(found, Keys.documents(kind)),
                found.getModRevision(),
                found.getValue().toString(StandardCharsets.UTF_8));
    }

    /** The prefix ends in a slash, which has a successor. */
    private static ByteSequence afterAll(ByteSequence prefix) {
        byte[] bytes = prefix.getBytes();
        bytes[bytes.length - 1]++;
        return ByteSequence.from(bytes);
    }
}
