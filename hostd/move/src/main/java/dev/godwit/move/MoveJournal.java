package dev.godwit.move;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What a host remembers of its moves. Thread-safe for different moves; one move is written by one thread at a time. */
public interface MoveJournal {
    /** How much a line must survive before the call returns. */
    enum Durability {
        /** The death of hostd: the kernel has it. Enough where the death of the machine takes the VM's copy with it. */
        PROCESS,
        /** The death of the machine: it is on the medium. */
        MACHINE
    }

    /** Adds the move's newest state. */
    void append(MoveRecord record, Durability durability) throws IOException;

    /** The newest state of a move, ended ones included while they are kept. */
    Optional<MoveRecord> find(String moveId) throws IOException;

    /** The newest state of each move that has not ended, oldest move first. */
    List<MoveRecord> openMoves() throws IOException;
}
