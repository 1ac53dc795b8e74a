/** The NBD server. */
@NullMarked
package dev.godwit.nbd;

import org.jspecify.annotations.NullMarked;
