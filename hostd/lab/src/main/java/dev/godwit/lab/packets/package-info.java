/** What a capture on a router between hosts says about the way of VMs' packets. */
@NullMarked
package dev.godwit.lab.packets;

import org.jspecify.annotations.NullMarked;
