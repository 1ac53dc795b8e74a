package hudson.model;

/** Signature of {@code hudson.model.ParametersAction}: the members that the plugin uses. */
public class ParametersAction implements Action {
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
