/** Tests of the wire. */
@NullMarked
package dev.godwit.peer;

import org.jspecify.annotations.NullMarked;
