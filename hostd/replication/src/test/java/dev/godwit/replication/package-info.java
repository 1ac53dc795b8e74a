/** Tests of replication, and volumes in memory. */
@NullMarked
package dev.godwit.replication;

import org.jspecify.annotations.NullMarked;
