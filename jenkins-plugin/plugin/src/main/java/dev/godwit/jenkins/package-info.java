/** The Jenkins cloud: thin adapters between Jenkins and {@link dev.godwit.jenkins.broker.Broker}. */
@NullMarked
package dev.godwit.jenkins;

import org.jspecify.annotations.NullMarked;
