package dev.godwit.fleet.etcd;

import dev.godwit.fleet.Document;
import dev.godwit.fleet.DocumentChanged;
import dev.godwit.fleet.Documents;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.OutcomeUnknown;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Documents as keys of etcd; a revision is etcd's own of the key's last write. */
final class EtcdDocuments implements Documents {
    private final KV keys;
    private final EtcdCalls calls;

    EtcdDocuments(KV keys, EtcdCalls calls) {
        this.keys = keys;
        this.calls = calls;
    }

    @Override
    public Optional<Document> read(String key) throws FleetStoreUnavailable {
        return calls.repeatable("read the document " + key, keys.get(Keys.document(key))).getKvs().stream()
                .map(EtcdDocuments::document)
                .findFirst();
    }

    @Override
    public List<Document> list(String prefix) throws FleetStoreUnavailable {
        GetOption option = GetOption.builder().isPrefix(true).build();
        return calls
                .repeatable("list the documents " + prefix, keys.get(Keys.document(prefix), option))
                .getKvs()
                .stream()
                .map(EtcdDocuments::document)
                .sorted(Comparator.comparing(Document::key))
                .toList();
    }

    @Override
    public Document write(String key, long expectedRevision, String text)
            throws DocumentChanged, OutcomeUnknown, FleetStoreUnavailable {
        Documents.require(key, text);
        TxnResponse answer = change(
                "write the document " + key,
                key,
                expectedRevision,
                Op.put(Keys.document(key), Keys.bytes(text), PutOption.DEFAULT));
        return new Document(key, answer.getHeader().getRevision(), text);
    }

    @Override
    public void remove(String key, long expectedRevision)
            throws DocumentChanged, OutcomeUnknown, FleetStoreUnavailable {
        change(
                "remove the document " + key,
                key,
                expectedRevision,
                Op.delete(Keys.document(key), DeleteOption.DEFAULT));
    }

    private TxnResponse change(String what, String key, long expectedRevision, Op op)
            throws DocumentChanged, OutcomeUnknown, FleetStoreUnavailable {
        ByteSequence at = Keys.document(key);
        TxnResponse answer = calls.write(
                what + " of revision " + expectedRevision,
                keys.txn()
                        .If(new Cmp(at, Cmp.Op.EQUAL, CmpTarget.modRevision(expectedRevision)))
                        .Then(op)
                        .Else(Op.get(at, GetOption.DEFAULT))
                        .commit());
        if (!answer.isSucceeded()) {
            throw new DocumentChanged(
                    "cannot " + what + " of revision " + expectedRevision,
                    answer.getGetResponses().getFirst().getKvs().stream()
                            .map(EtcdDocuments::document)
                            .findFirst());
        }
        return answer;
    }

    private static Document document(KeyValue kv) {
        return new Document(
                Keys.tail(kv, Keys.DOCUMENTS),
                kv.getModRevision(),
                kv.getValue().toString(StandardCharsets.UTF_8));
    }
}
