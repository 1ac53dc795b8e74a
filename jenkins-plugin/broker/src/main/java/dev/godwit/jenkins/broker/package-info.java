/** Agents of a Jenkins cloud in VMs of a Godwit fleet: caps, start, leases, moves, reaping. No Jenkins type. */
@NullMarked
package dev.godwit.jenkins.broker;

import org.jspecify.annotations.NullMarked;
