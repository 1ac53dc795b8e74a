/** What pipelines get beside {@code node}: used only where the Pipeline plugins are installed. */
@NullMarked
package dev.godwit.jenkins.pipeline;

import org.jspecify.annotations.NullMarked;
