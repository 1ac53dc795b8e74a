/** The data plane: where VMs are, who may speak for them, and the programs in the kernel that hold to it. */
@NullMarked
package dev.godwit.net;

import org.jspecify.annotations.NullMarked;
