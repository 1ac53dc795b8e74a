/** Pages, blocks, overlay, dirty sets. */
@NullMarked
package dev.godwit.volume;

import org.jspecify.annotations.NullMarked;
