package hudson.model;

import java.util.Collection;
import java.util.List;

/** Signature of {@code hudson.model.CauseAction}: the members that the plugin uses. */
public class CauseAction implements Action {
    public CauseAction(Cause c) {
        throw new UnsupportedOperationException();
    }

    public CauseAction(Collection<? extends Cause> causes) {
        throw new UnsupportedOperationException();
    }

    public List<Cause> getCauses() {
        throw new UnsupportedOperationException();
    }

    public String getDisplayName() {
        throw new UnsupportedOperationException();
    }

    public String getIconFileName() {
        throw new UnsupportedOperationException();
    }

    public String getUrlName() {
        throw new UnsupportedOperationException();
    }
}
