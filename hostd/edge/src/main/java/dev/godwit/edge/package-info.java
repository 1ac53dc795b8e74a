/** The public side of a fleet: NAT, published ports, DNS, and two edges that fail over with their connections. */
@NullMarked
package dev.godwit.edge;

import org.jspecify.annotations.NullMarked;
