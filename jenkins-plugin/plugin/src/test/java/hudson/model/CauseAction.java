package hudson.model;

import java.util.Collection;
import java.util.List;

/** Simulated. */
public class CauseAction implements Action {
    private final List<Cause> causes;

    public CauseAction(Collection<? extends Cause> causes) {
        this.causes = List.copyOf(causes);
    }

    public List<Cause> getCauses() {
        return causes;
    }

    @Override
    public String getDisplayName() {
        return "causes";
    }

    @Override
    public String getIconFileName() {
        return "";
    }

    @Override
    public String getUrlName() {
        return "";
    }
}
