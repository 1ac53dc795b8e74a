/** Membership, ownership, leases. */
@NullMarked
package dev.godwit.fleet;

import org.jspecify.annotations.NullMarked;
