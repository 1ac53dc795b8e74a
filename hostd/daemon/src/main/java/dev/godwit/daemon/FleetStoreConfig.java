package dev.godwit.daemon;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code fleet-store}: exactly one of the two.
 *
 * @param sqlite file, for a fleet of exactly one host
 * @param etcd client URLs, for two or more hosts
 */
public record FleetStoreConfig(
        @Nullable Path sqlite, @Nullable List<URI> etcd) {
    public FleetStoreConfig {
        if ((sqlite == null) == (etcd == null)) {
            throw new IllegalArgumentException(
                    "fleet-store needs either sqlite: PATH (exactly one host) or etcd: [URL] (two or more hosts)");
        }
        if (etcd != null) {
            if (etcd.isEmpty()) {
                throw new IllegalArgumentException("fleet-store etcd: [] names no URL, such as http://10.0.0.9:2379");
            }
            for (URI url : etcd) {
                if (!("http".equals(url.getScheme()) || "https".equals(url.getScheme())) || url.getHost() == null) {
                    throw new IllegalArgumentException(
                            "fleet-store etcd URL \"" + url + "\" is not http(s)://HOST:PORT");
                }
            }
            if (etcd.stream().map(URI::getScheme).distinct().count() > 1) {
                throw new IllegalArgumentException(
                        "fleet-store etcd URLs " + etcd + " are partly http and partly https");
            }
            etcd = List.copyOf(etcd);
        }
    }
}
