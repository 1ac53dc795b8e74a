package dev.godwit.guest;

import java.time.Duration;

/** How the guest's clock was set: by a step forward, or by slewing (negative: the guest was ahead by that much). */
public record Resumed(Duration clockStep, Duration clockSlew) {}
