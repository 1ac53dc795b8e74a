package dev.godwit.fleet.etcd;

import dev.godwit.fleet.DocumentChange;
import dev.godwit.fleet.DocumentConflict;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.NewDocument;
import dev.godwit.fleet.OutcomeUnknown;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Documents in etcd, a key each. The value is the JSON as given; the revision is etcd's own of the key's last write. */
final class EtcdDocuments implements FleetDocuments {
    private final Client client;
    private final EtcdCalls calls;
    private final OpenWatches open;

    EtcdDocuments(Client client, EtcdCalls calls, OpenWatches open) {
        this.client = client;
        this.calls = calls;
        this.open = open;
    }

    @Override
    public FleetDocument put(String kind, String name, long expectedRevision, String json)
            throws DocumentConflict, OutcomeUnknown, FleetStoreUnavailable {
        NewDocument document = new NewDocument(kind, name, json);
        Op put = Op.put(Keys.document(kind, name), Keys.bytes(json), PutOption.DEFAULT);
        TxnResponse answer = write(document.tried(), kind, name, expectedRevision, put);
        return new FleetDocument(kind, name, answer.getHeader().getRevision(), json);
    }

    @Override
    public void delete(String kind, String name, long expectedRevision)
            throws DocumentConflict, OutcomeUnknown, FleetStoreUnavailable {
        NewDocument.requireKey(kind, name);
        if (expectedRevision == ABSENT) {
            throw new DocumentConflict("delete " + kind + " " + name, read(kind, name));
        }
        Op delete = Op.delete(Keys.document(kind, name), DeleteOption.DEFAULT);
        write("delete " + kind + " " + name, kind, name, expectedRevision, delete);
    }

    @Override
    public Optional<FleetDocument> read(String kind, String name) throws FleetStoreUnavailable {
        NewDocument.requireKey(kind, name);
        return ofKind(kind).read(name);
    }

    @Override
    public List<FleetDocument> list(String kind) throws FleetStoreUnavailable {
        return ofKind(kind).listing().all().values().stream()
                .sorted(Comparator.comparing(FleetDocument::name))
                .toList();
    }

    @Override
    public dev.godwit.fleet.Watch watch(String kind, Consumer<DocumentChange> consumer) throws FleetStoreUnavailable {
        return open.start(new EtcdWatch<>(
                client.getWatchClient(),
                ofKind(kind),
                (document, removed) -> consumer.accept(new DocumentChange(document, removed)),
                open::closed));
    }

    private EtcdKind ofKind(String kind) {
        return new EtcdKind(client.getKVClient(), calls, kind);
    }

    private TxnResponse write(String what, String kind, String name, long expectedRevision, Op op)
            throws DocumentConflict, OutcomeUnknown, FleetStoreUnavailable {
        KV kv = client.getKVClient();
        TxnResponse answer = calls.write(
                what,
                kv.txn()
                        .If(new Cmp(Keys.document(kind, name), Cmp.Op.EQUAL, CmpTarget.modRevision(expectedRevision)))
                        .Then(op)
                        .Else(Op.get(Keys.document(kind, name), GetOption.DEFAULT))
                        .commit());
        if (!answer.isSucceeded()) {
            Optional<FleetDocument> present = answer.getGetResponses().getFirst().getKvs().stream()
                    .map(found -> EtcdKind.document(kind, found))
                    .findFirst();
            throw new DocumentConflict(what, present);
        }
        return answer;
    }
}
