/** The client outside of all hosts: it sends numbered records and datagrams to a VM and accounts for every one. */
@NullMarked
package dev.godwit.lab.outside;

import org.jspecify.annotations.NullMarked;
