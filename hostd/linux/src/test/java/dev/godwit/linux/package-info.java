@NullMarked
package dev.godwit.linux;

import org.jspecify.annotations.NullMarked;
