/** Buildkite as a stack sees it: the Stacks API and the metrics of queues. Source: Buildkite's documentation of both. */
@NullMarked
package dev.godwit.buildkite.api;

import org.jspecify.annotations.NullMarked;
