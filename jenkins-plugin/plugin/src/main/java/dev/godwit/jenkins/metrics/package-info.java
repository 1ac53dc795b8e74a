/** Numbers for the Metrics plugin: used only where it is installed. */
@NullMarked
package dev.godwit.jenkins.metrics;

import org.jspecify.annotations.NullMarked;
