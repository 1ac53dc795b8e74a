package dev.godwit.fleet.etcd;

import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.OutcomeUnknown;
import io.etcd.jetcd.kv.TxnResponse;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for etcd's answers within a time, and says what a missing one means for a read and for a write. */
final class EtcdCalls {
    private final List<String> endpoints;
    private final Duration timeout;

    EtcdCalls(List<String> endpoints, Duration timeout) {
        this.endpoints = List.copyOf(endpoints);
        this.timeout = timeout;
    }

    /** A read, or a write that may be done again without harm. */
    <T> T repeatable(String what, CompletableFuture<T> answer) throws FleetStoreUnavailable {
        try {
            return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw unavailable(what, "no answer within " + timeout.toMillis() + " ms", e);
        } catch (ExecutionException e) {
            throw unavailable(what, rootMessage(e), e);
        } catch (InterruptedException e) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            throw unavailable(what, "interrupted", e);
        }
    }

    /** A write whose missing answer leaves open whether it happened. Only a connection refused says that it did not. */
    TxnResponse write(String what, CompletableFuture<TxnResponse> answer) throws OutcomeUnknown, FleetStoreUnavailable {
        try {
            return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw unknown(what, "no answer within " + timeout.toMillis() + " ms", e);
        } catch (ExecutionException e) {
            if (neverConnected(e)) {
                throw unavailable(what, rootMessage(e), e);
            }
            throw unknown(what, rootMessage(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unknown(what, "interrupted", e);
        }
    }

    private FleetStoreUnavailable unavailable(String what, String why, Throwable cause) {
        return new FleetStoreUnavailable(
                "cannot " + what + ": etcd at " + String.join(", ", endpoints) + ": " + why
                        + "; check that etcd runs there and can be reached from this host",
                cause);
    }

    private OutcomeUnknown unknown(String what, String why, Throwable cause) {
        return new OutcomeUnknown(
                "cannot say whether it succeeded to " + what + ": etcd at " + String.join(", ", endpoints) + ": " + why
                        + "; read the record before anything else",
                cause);
    }

    private static boolean neverConnected(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof ConnectException
                    || t instanceof NoRouteToHostException
                    || t instanceof UnknownHostException) {
                return true;
            }
        }
        return false;
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }
}
