/** Guests that tests start in a moment: restored from a saved state instead of booted. */
@NullMarked
package dev.godwit.lab.warm;

import org.jspecify.annotations.NullMarked;
