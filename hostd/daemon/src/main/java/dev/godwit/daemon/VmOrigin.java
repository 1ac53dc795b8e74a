package dev.godwit.daemon;

import dev.godwit.api.CreateVm;
import dev.godwit.api.Network;
import dev.godwit.fleet.NewOwnership;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who asked for a VM and how; goes with it wherever it moves.
 *
 * @param owner empty when nobody said
 * @param key the owner's key for it; empty when it was made without one
 * @param leaseSeconds time to live of its lease; 0 without a lease
 * @param project whose network it is in
 * @param vni the network's number, which is the VM's for life
 */
record VmOrigin(String owner, String key, Map<String, String> labels, int leaseSeconds, String project, int vni) {
    static final VmOrigin NONE = new VmOrigin("", "", Map.of(), 0, Network.DEFAULT_PROJECT, NewOwnership.VNI_DEFAULT);

    /** 48 bits: among a million VMs two keys meet with a probability of 0.2 %, and then the second is refused by name. */
    private static final int KEY_HEX_DIGITS = 12;

    VmOrigin {
        labels = Map.copyOf(labels);
        project = project == null ? Network.DEFAULT_PROJECT : project; // an older hostd knew no projects
        vni = vni == 0 ? NewOwnership.VNI_DEFAULT : vni;
    }

    static VmOrigin of(CreateVm request) {
        return new VmOrigin(
                request.owner() == null ? "" : request.owner(),
                request.key() == null ? "" : request.key(),
                request.labels(),
                request.leaseSeconds() == null ? 0 : request.leaseSeconds(),
                request.project() == null ? Network.DEFAULT_PROJECT : request.project(),
                NewOwnership.VNI_DEFAULT);
    }

    /** The same in the network of this number. */
    VmOrigin inNetwork(int newVni) {
        return new VmOrigin(owner, key, labels, leaseSeconds, project, newVni);
    }

    VmOrigin withLeaseSeconds(int newLeaseSeconds) {
        return new VmOrigin(owner, key, labels, newLeaseSeconds, project, vni);
    }

    /**
     * The id of the VM that a request with a key is about. It follows from owner and key alone, so the fleet store, which
     * holds one record an id, makes one VM of any number of such requests.
     */
    static String vmId(CreateVm request) {
        String owner = request.owner() == null ? "" : request.owner();
        byte[] digest;
        try {
            digest = MessageDigest.getInstance("SHA-256")
                    .digest((owner + '\n' + request.key()).getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
        return "vm-" + HexFormat.of().formatHex(digest).substring(0, KEY_HEX_DIGITS);
    }

    /** Null for the empty text, as the API has it. */
    static @Nullable String orNull(String text) {
        return text.isEmpty() ? null : text;
    }
}
