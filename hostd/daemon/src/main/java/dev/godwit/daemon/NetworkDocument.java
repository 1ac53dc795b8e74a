package dev.godwit.daemon;

import dev.godwit.api.Network;
import dev.godwit.api.NetworkSettings;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;

/** How a project's network stands in the fleet store: a document of kind {@code network} under the project's name. */
final class NetworkDocument {
    static final String KIND = "network";

    /** The network that is there without a document. */
    static final Network DEFAULT = network(Network.DEFAULT_PROJECT, 1, FleetDocuments.ABSENT, NetworkSettings.STANDARD);

    private static final int VERSION = 1;

    private NetworkDocument() {}

    private record Stored(int version, int vni, NetworkSettings settings) {}

    static String write(int vni, NetworkSettings settings) {
        return Json.line(new Stored(VERSION, vni, settings));
    }

    /** @throws UnreadableDocument another version of hostd wrote it, or nobody did */
    static Network read(FleetDocument document) {
        try {
            Stored stored = Json.read(document.json(), Stored.class);
            if (stored.version() == VERSION) {
                return network(document.name(), stored.vni(), document.revision(), stored.settings());
            }
        } catch (BadRequest | IllegalArgumentException e) {
            throw new UnreadableDocument(document, e);
        }
        throw new UnreadableDocument(document, null);
    }

    /** Refuses what can be no project. */
    static void requireProject(String project) {
        network(project, 1, FleetDocuments.ABSENT, NetworkSettings.STANDARD);
    }

    private static Network network(String project, int vni, long revision, NetworkSettings settings) {
        return new Network(
                project,
                vni,
                revision,
                settings.allow(),
                settings.deny(),
                settings.egress(),
                settings.rate(),
                settings.subnet());
    }
}
