package dev.godwit.jenkins;

import hudson.Extension;
import hudson.model.AdministrativeMonitor;
import java.util.ArrayList;
import java.util.List;
import jenkins.model.Jenkins;

/** Warns administrators when the controller's time-outs would break a move. */
@Extension
public class WebSocketMonitor extends AdministrativeMonitor {
    @Override
    public String getDisplayName() {
        return "Godwit: WebSocket time-out";
    }

    @Override
    public boolean isActivated() {
        return !getWarnings().isEmpty();
    }

    /** A sentence for each cloud that it is about. */
    public List<String> getWarnings() {
        List<String> all = new ArrayList<>();
        for (GodwitCloud cloud : Jenkins.get().clouds.getAll(GodwitCloud.class)) {
            WebSocketTimeouts.ofController()
                    .warning(cloud.getPauseLimitSeconds())
                    .ifPresent(sentence -> all.add("Cloud " + cloud.name + ": " + sentence));
        }
        return all;
    }
}
