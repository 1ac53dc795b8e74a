/** The move's state machine and journal. */
@NullMarked
package dev.godwit.move;

import org.jspecify.annotations.NullMarked;
