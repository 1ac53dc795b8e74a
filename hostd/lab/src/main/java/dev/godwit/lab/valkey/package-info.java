/** Clients outside that hold a key-value server in a VM to every write that it has acknowledged. */
@NullMarked
package dev.godwit.lab.valkey;

import org.jspecify.annotations.NullMarked;
