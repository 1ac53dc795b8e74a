@NullMarked
package dev.godwit.pki;

import org.jspecify.annotations.NullMarked;
