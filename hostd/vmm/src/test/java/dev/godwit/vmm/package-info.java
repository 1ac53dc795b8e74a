@NullMarked
package dev.godwit.vmm;

import org.jspecify.annotations.NullMarked;
