package hudson.model.listeners;

import hudson.ExtensionPoint;

/** Signature of {@code hudson.model.listeners.ItemListener}: the members that the plugin uses. */
public class ItemListener implements ExtensionPoint {
    public void onBeforeShutdown() {
        throw new UnsupportedOperationException();
    }
}
