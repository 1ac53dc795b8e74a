/** The fleet's certificate authority: issues, renews, invites. */
@NullMarked
package dev.godwit.pki;

import org.jspecify.annotations.NullMarked;
