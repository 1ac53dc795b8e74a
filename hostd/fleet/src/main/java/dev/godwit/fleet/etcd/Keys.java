package dev.godwit.fleet.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import java.nio.charset.StandardCharsets;

/**
 * The keys in etcd, all below {@code /godwit/v1/}. What never changes of a VM ({@code vms/}) stands apart from who owns it
 * ({@code owners/}), so that the value to compare is known without reading it and a transfer is one round trip.
 */
final class Keys {
    static final ByteSequence HOSTS = bytes("/godwit/v1/hosts/");
    static final ByteSequence VMS = bytes("/godwit/v1/vms/");
    static final ByteSequence OWNERS = bytes("/godwit/v1/owners/");
    static final ByteSequence REVOCATIONS = bytes("/godwit/v1/revocations/");
    private static final ByteSequence DOCUMENTS = bytes("/godwit/v1/documents/");
    private static final ByteSequence NAMES = bytes("/godwit/v1/names/");
    private static final ByteSequence ADDRESSES = bytes("/godwit/v1/addresses/");

    private Keys() {}

    static ByteSequence host(String hostId) {
        return HOSTS.concat(bytes(hostId));
    }

    static ByteSequence vm(String vmId) {
        return VMS.concat(bytes(vmId));
    }

    static ByteSequence owner(String vmId) {
        return OWNERS.concat(bytes(vmId));
    }

    static ByteSequence name(String name) {
        return NAMES.concat(bytes(name));
    }

    static ByteSequence revocation(String subject) {
        return REVOCATIONS.concat(bytes(subject));
    }

    static ByteSequence address(String address) {
        return ADDRESSES.concat(bytes(address));
    }

    /** The prefix of all documents of a kind. */
    static ByteSequence documents(String kind) {
        return DOCUMENTS.concat(bytes(kind + "/"));
    }

    static ByteSequence document(String kind, String name) {
        return documents(kind).concat(bytes(name));
    }

    /** The part of a key behind its prefix. */
    static String tail(KeyValue kv, ByteSequence prefix) {
        return kv.getKey().substring(prefix.size()).toString(StandardCharsets.UTF_8);
    }

    static ByteSequence bytes(String text) {
        return ByteSequence.from(text, StandardCharsets.UTF_8);
    }
}
