/** Stock QEMU as a VMM: process life, command line, monitor, device state. */
@NullMarked
package dev.godwit.vmm.qemu;

import org.jspecify.annotations.NullMarked;
