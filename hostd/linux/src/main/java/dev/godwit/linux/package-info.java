/** Linux system calls through FFM, one class a header. */
@NullMarked
package dev.godwit.linux;

import org.jspecify.annotations.NullMarked;
