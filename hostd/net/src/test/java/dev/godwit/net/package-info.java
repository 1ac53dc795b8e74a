/** Tests of the data plane. */
@NullMarked
package dev.godwit.net;

import org.jspecify.annotations.NullMarked;
