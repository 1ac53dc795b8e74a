/** Who a process of the fleet is, whom it trusts, and the encrypted channel between two. */
@NullMarked
package dev.godwit.tls;

import org.jspecify.annotations.NullMarked;
