package dev.godwit.move;

/** What all moves of one host share. */
public record MoveHost(
        String hostId,
        MoveJournal journal,
        MovesInProgress inProgress,
        MoveEvents events,
        MoveClock clock,
        MoveLimits limits) {}
