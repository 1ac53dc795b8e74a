/** Virtual machine monitors and guest memory. */
@NullMarked
package dev.godwit.vmm;

import org.jspecify.annotations.NullMarked;
