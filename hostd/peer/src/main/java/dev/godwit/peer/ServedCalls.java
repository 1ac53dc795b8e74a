package dev.godwit.peer;

import java.io.IOException;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers the calls of all peers. Thread-safe. */
final class ServedCalls {
    private static final Logger LOG = LoggerFactory.getLogger(ServedCalls.class);
    /** Calls in work at once: bounds threads and what a peer can start; more are refused at once. */
    private static final int IN_WORK_MAX = 256;

    private final CallHandler handler;
    private final AnswerMemory answers;
    private final TrafficCount traffic;
    private final Semaphore room = new Semaphore(IN_WORK_MAX);

    ServedCalls(CallHandler handler, AnswerMemory answers, TrafficCount traffic) {
        this.handler = handler;
        this.answers = answers;
        this.traffic = traffic;
    }

    /** Serves one connection until it ends. */
    void serve(Connection connection, String host) throws IOException {
        while (true) {
            Frame frame = connection.read();
            switch (frame.type()) {
                case Frame.HEARTBEAT -> {}
                case Frame.CALL -> {
                    long number = frame.sequence();
                    CallMessage call = CallMessage.of(frame.payload());
                    var _ = answers.answer(host, call.id(), () -> begin(host, call))
                            .thenAccept(answer -> send(connection, number, answer));
                }
                default -> throw new BadFrame("frame type " + frame.type() + " on a connection for calls");
            }
        }
    }

    private void begin(String host, CallMessage call) {
        if (!room.tryAcquire()) {
            answers.give(
                    host,
                    call.id(),
                    Answer.refusal(
                            "busy",
                            "call " + call.method() + " not begun: " + IN_WORK_MAX
                                    + " calls are in work here already; try again later"));
            return;
        }
        Thread.ofVirtual().name("peer-call-" + call.method()).start(() -> {
            Answer answer;
            try {
                answer = work(host, call);
            } finally {
                room.release();
            }
            answers.give(host, call.id(), answer);
        });
    }

    private Answer work(String host, CallMessage call) {
        try {
            byte[] json = handler.handle(host, call.method(), call.json());
            return json.length <= PeerLimits.PAYLOAD_BYTES_MAX
                    ? new Answer(false, json)
                    : Answer.refusal(
                            "answer-too-large",
                            "the answer to " + call.method() + " has " + json.length
                                    + " bytes, more than a frame holds (" + PeerLimits.PAYLOAD_BYTES_MAX + ")");
        } catch (PeerRefused e) {
            return new Answer(true, Refusal.bytes(e));
        } catch (RuntimeException e) {
            LOG.error("call {} of {} failed", call.method(), host, e);
            return Answer.refusal("internal", "call " + call.method() + " failed: " + e);
        }
    }

    private void send(Connection connection, long number, Answer answer) {
        try {
            int flags = answer.refused() ? Frame.FLAG_REFUSED : 0;
            traffic.add(ByteKind.CONTROL, connection.write(Frame.of(Frame.ANSWER, flags, number, answer.payload())));
        } catch (IOException e) {
            // The caller asks again over its next connection and finds the answer remembered.
            connection.close("an answer could not be written: " + e.getMessage());
        }
    }
}
