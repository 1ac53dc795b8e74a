/** The channel to guestd. */
@NullMarked
package dev.godwit.guest;

import org.jspecify.annotations.NullMarked;
