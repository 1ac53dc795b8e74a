/** Test gear: namespaces, outside client, reports, benches. */
@NullMarked
package dev.godwit.lab;

import org.jspecify.annotations.NullMarked;
