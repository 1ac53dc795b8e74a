package dev.godwit.fleet.sqlite;

import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.OutcomeUnknown;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** The SQLite file, held exclusively through one connection that one caller uses at a time. */
final class SqliteFile implements AutoCloseable {
    /** A write waits for one fsync of a few milliseconds; a caller that waited this long stands behind a dead disk. */
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);

    private static final Logger LOG = LoggerFactory.getLogger(SqliteFile.class);

    private final Path path;
    private final Connection connection;
    private final Handle handle;
    private final ReentrantLock oneCaller = new ReentrantLock(true);

    private SqliteFile(Path path, Connection connection, Handle handle) {
        this.path = path;
        this.connection = connection;
        this.handle = handle;
    }

    static SqliteFile open(Path path) throws FleetStoreUnavailable {
        SQLiteConfig config = new SQLiteConfig();
        config.setLockingMode(SQLiteConfig.LockingMode.EXCLUSIVE);
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setTransactionMode(SQLiteConfig.TransactionMode.EXCLUSIVE);
        config.setBusyTimeout(0);
        try {
            Path parent = path.toAbsolutePath().getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            return of(path, config.createConnection("jdbc:sqlite:" + path));
        } catch (SQLException | JdbiException | IOException e) {
            throw new FleetStoreUnavailable(
                    "cannot open the fleet store " + path + ": " + e.getMessage()
                            + (isBusy(e)
                                    ? "; another hostd holds it, and it is for exactly one"
                                    : "; check path and permissions"),
                    e);
        }
    }

    private static SqliteFile of(Path path, Connection connection) throws SQLException {
        try {
            Handle handle = Jdbi.create(connection).open();
            handle.useTransaction(tables -> {
                OwnershipTable.make(tables);
                RevocationTable.make(tables);
                DocumentTable.make(tables);
            });
            return new SqliteFile(path, connection, handle);
        } catch (JdbiException e) {
            connection.close();
            throw e;
        }
    }

    Handle handle() {
        return handle;
    }

    /** @param <E> how the work refuses */
    @FunctionalInterface
    interface Write<T, E extends FleetStoreException> {
        T run() throws E;
    }

    @FunctionalInterface
    interface Read<T> {
        T run();
    }

    /** Runs in one transaction; a refusal rolls it back. What was committed is told before the next write begins. */
    <T, E extends FleetStoreException> T write(String what, Write<T, E> work, Consumer<T> committed)
            throws E, OutcomeUnknown, FleetStoreUnavailable {
        lock(what);
        try {
            handle.begin();
            T result;
            try {
                result = work.run();
            } catch (FleetStoreException | JdbiException e) {
                handle.rollback();
                throw e;
            }
            commit(what);
            committed.accept(result);
            return result;
        } catch (JdbiException e) {
            throw unavailable(what, e);
        } finally {
            oneCaller.unlock();
        }
    }

    <T> T read(String what, Read<T> work) throws FleetStoreUnavailable {
        lock(what);
        try {
            return work.run();
        } catch (JdbiException e) {
            throw unavailable(what, e);
        } finally {
            oneCaller.unlock();
        }
    }

    @Override
    public void close() {
        oneCaller.lock();
        try {
            handle.close();
            connection.close();
        } catch (SQLException e) {
            LOG.warn("the fleet store {} did not close well; what was written is safe: {}", path, e.getMessage());
        } finally {
            oneCaller.unlock();
        }
    }

    /** An error of the disk in the commit leaves open whether the log has the transaction. */
    private void commit(String what) throws OutcomeUnknown {
        try {
            handle.commit();
        } catch (JdbiException e) {
            throw new OutcomeUnknown(
                    "cannot say whether it succeeded to " + what + " in " + path + ": " + e.getMessage(), e);
        }
    }

    private void lock(String what) throws FleetStoreUnavailable {
        try {
            if (oneCaller.tryLock(CALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FleetStoreUnavailable("interrupted before it could " + what + " in " + path, e);
        }
        throw new FleetStoreUnavailable(
                "cannot " + what + " in " + path + ": the call before it takes longer than " + CALL_TIMEOUT.toSeconds()
                        + " s; check the disk",
                null);
    }

    private FleetStoreUnavailable unavailable(String what, JdbiException e) {
        return new FleetStoreUnavailable(
                "cannot " + what + " in " + path + ": " + e.getMessage() + "; check the disk and free space", e);
    }

    private static boolean isBusy(Throwable e) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (t instanceof SQLiteException sqlite
                    && (sqlite.getResultCode() == SQLiteErrorCode.SQLITE_BUSY
                            || sqlite.getResultCode() == SQLiteErrorCode.SQLITE_LOCKED)) {
                return true;
            }
        }
        return false;
    }
}
