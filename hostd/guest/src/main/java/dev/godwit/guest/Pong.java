package dev.godwit.guest;

import java.time.Duration;
import java.time.Instant;

/** The guest's clocks at a ping, and how long the round trip took here. */
public record Pong(Duration guestMonotonic, Instant guestTime, Duration roundTrip) {}
