/** No cloud: a machine of one's own, left only by a drain. */
@NullMarked
package dev.godwit.cloud.none;

import org.jspecify.annotations.NullMarked;
