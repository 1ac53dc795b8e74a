/** The wire between two hostds. */
@NullMarked
package dev.godwit.peer;

import org.jspecify.annotations.NullMarked;
