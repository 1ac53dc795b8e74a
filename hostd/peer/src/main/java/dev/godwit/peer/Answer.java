package dev.godwit.peer;

/** A call's answer as it travels. */
@SuppressWarnings("ArrayRecordComponent") // Made and read once, never compared.
record Answer(boolean refused, byte[] payload) {
    static Answer refusal(String code, String sentence) {
        return new Answer(true, Refusal.bytes(new PeerRefused(code, sentence)));
    }
}
