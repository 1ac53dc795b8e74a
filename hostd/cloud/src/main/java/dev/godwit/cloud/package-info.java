/** Notices and acquisition. */
@NullMarked
package dev.godwit.cloud;

import org.jspecify.annotations.NullMarked;
