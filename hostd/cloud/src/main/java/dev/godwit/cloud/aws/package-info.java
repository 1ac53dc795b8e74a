/** Notices of EC2, from the instance metadata service. */
@NullMarked
package dev.godwit.cloud.aws;

import org.jspecify.annotations.NullMarked;
