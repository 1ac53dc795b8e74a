/** The fleet store of two or more hosts, in etcd. */
@NullMarked
package dev.godwit.fleet.etcd;

import org.jspecify.annotations.NullMarked;
