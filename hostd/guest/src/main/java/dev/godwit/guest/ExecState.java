package dev.godwit.guest;

/** Whether an exec runs, and how it ended. */
public sealed interface ExecState {
    record Running() implements ExecState {}

    record Exited(int code) implements ExecState {}

    record Killed(int signal) implements ExecState {}

    default boolean ended() {
        return !(this instanceof Running);
    }

    static ExecState read(Words words) throws GuestException {
        int kind = words.u8();
        int code = words.u32();
        return switch (kind) {
            case 0 -> new Running();
            case 1 -> new Exited(code);
            default -> new Killed(code);
        };
    }
}
