/** Tests of the broker, and the gear that the plugin's tests and the bench stand on too. */
@NullMarked
package dev.godwit.jenkins.broker;

import org.jspecify.annotations.NullMarked;
