/** The fleet store of exactly one host, in an SQLite file. */
@NullMarked
package dev.godwit.fleet.sqlite;

import org.jspecify.annotations.NullMarked;
