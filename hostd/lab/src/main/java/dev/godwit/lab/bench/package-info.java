/** Benches that compare Godwit with what a user would use instead, both in one run. */
@NullMarked
package dev.godwit.lab.bench;

import org.jspecify.annotations.NullMarked;
