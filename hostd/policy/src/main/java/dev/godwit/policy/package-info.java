/** Pure decisions. */
@NullMarked
package dev.godwit.policy;

import org.jspecify.annotations.NullMarked;
