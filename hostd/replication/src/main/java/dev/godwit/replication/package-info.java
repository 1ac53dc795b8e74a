/** Rounds, epochs, sinks. */
@NullMarked
package dev.godwit.replication;

import org.jspecify.annotations.NullMarked;
