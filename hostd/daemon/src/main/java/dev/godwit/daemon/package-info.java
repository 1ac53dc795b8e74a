/** hostd: wiring, REST, events. */
@NullMarked
package dev.godwit.daemon;

import org.jspecify.annotations.NullMarked;
