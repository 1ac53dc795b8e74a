package dev.godwit.fleet.etcd;

import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.OwnershipRecord;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.GetOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads ownership records, each of which is two values: what never changes, and who owns. */
final class EtcdOwners implements Listed<OwnershipRecord> {
    private final KV kv;
    private final EtcdCalls calls;

    EtcdOwners(KV kv, EtcdCalls calls) {
        this.kv = kv;
        this.calls = calls;
    }

    @Override
    public ByteSequence prefix() {
        return Keys.OWNERS;
    }

    @Override
    public Listing<OwnershipRecord> listing() throws FleetStoreUnavailable {
        GetOption prefix = GetOption.builder().isPrefix(true).build();
        TxnResponse answer = calls.repeatable(
                "list the ownership records",
                kv.txn()
                        .Then(Op.get(Keys.VMS, prefix), Op.get(Keys.OWNERS, prefix))
                        .commit());
        Map<String, KeyValue> vms = new HashMap<>();
        answer.getGetResponses().get(0).getKvs().forEach(vm -> vms.put(Keys.tail(vm, Keys.VMS), vm));
        Map<String, OwnershipRecord> records = new HashMap<>();
        for (KeyValue owner : answer.getGetResponses().get(1).getKvs()) {
            KeyValue vm = vms.get(Keys.tail(owner, Keys.OWNERS));
            if (vm != null) {
                OwnershipRecord record = Values.ownership(vm, owner);
                records.put(record.vmId(), record);
            }
        }
        return new Listing<>(records, answer.getHeader().getRevision());
    }

    @Override
    public Optional<OwnershipRecord> read(String vmId) throws FleetStoreUnavailable {
        return record(calls.repeatable(
                        "read the ownership record of vm " + vmId,
                        kv.txn()
                                .Then(
                                        Op.get(Keys.vm(vmId), GetOption.DEFAULT),
                                        Op.get(Keys.owner(vmId), GetOption.DEFAULT))
                                .commit())
                .getGetResponses());
    }

    /** The record in the answers to a look at {@link Keys#vm} and one at {@link Keys#owner}. */
    static Optional<OwnershipRecord> record(List<GetResponse> vmThenOwner) {
        Optional<KeyValue> vm = vmThenOwner.get(0).getKvs().stream().findFirst();
        Optional<KeyValue> owner = vmThenOwner.get(1).getKvs().stream().findFirst();
        return vm.isPresent() && owner.isPresent()
                ? Optional.of(Values.ownership(vm.get(), owner.get()))
                : Optional.empty();
    }
}
