@NullMarked
package dev.godwit.edge;

import org.jspecify.annotations.NullMarked;
