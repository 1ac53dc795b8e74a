/** GodwitClient for plugins. */
@NullMarked
package dev.godwit.client;

import org.jspecify.annotations.NullMarked;
