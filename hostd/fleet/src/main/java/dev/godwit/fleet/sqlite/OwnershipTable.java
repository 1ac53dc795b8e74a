package dev.godwit.fleet.sqlite;

import dev.godwit.fleet.AddressTaken;
import dev.godwit.fleet.NameTaken;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OwnershipConflict;
import dev.godwit.fleet.OwnershipRecord;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.StatementContext;

/** The statements on the one table; each write is called inside a transaction. */
final class OwnershipTable {
    private static final String COLUMNS = "vm_id, name, owner, fence, address, detail, vni, created";

    private final Handle handle;

    OwnershipTable(Handle handle) {
        this.handle = handle;
    }

    static void make(Handle handle) {
        handle.execute("CREATE TABLE IF NOT EXISTS ownership ("
                + "vm_id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, "
                + "fence INTEGER NOT NULL CHECK (fence >= 1), address TEXT UNIQUE, detail TEXT NOT NULL, "
                + "vni INTEGER NOT NULL DEFAULT 1, created INTEGER NOT NULL DEFAULT 0) STRICT");
        addIfOfOlderHostd(handle, "vni", 1);
        addIfOfOlderHostd(handle, "created", 0);
    }

    private static void addIfOfOlderHostd(Handle handle, String column, int standard) {
        int there = handle.createQuery("SELECT count(*) FROM pragma_table_info('ownership') WHERE name = :column")
                .bind("column", column)
                .mapTo(Integer.class)
                .one();
        if (there == 0) {
            handle.execute("ALTER TABLE ownership ADD COLUMN " + column + " INTEGER NOT NULL DEFAULT " + standard);
        }
    }

    OwnershipRecord create(NewOwnership vm) throws NameTaken, AddressTaken, OwnershipConflict {
        String what = "create vm " + vm.vmId() + " named " + vm.name();
        Optional<OwnershipRecord> present = byId(vm.vmId());
        if (present.isPresent()) {
            throw new OwnershipConflict(what, present);
        }
        Optional<OwnershipRecord> sameName = byName(vm.name());
        if (sameName.isPresent()) {
            throw new NameTaken("cannot " + what + ": vm " + sameName.get().vmId() + " has that name; choose another");
        }
        if (!vm.address().isEmpty()) {
            Optional<OwnershipRecord> sameAddress = one("address", vm.address());
            if (sameAddress.isPresent()) {
                throw new AddressTaken("cannot " + what + ": vm "
                        + sameAddress.get().vmId() + " has the address " + vm.address() + "; choose another");
            }
        }
        long created = DocumentTable.nextRevision(handle);
        handle.createUpdate("INSERT INTO ownership (" + COLUMNS
                        + ") VALUES (:vm, :name, :owner, 1, :address, :detail, :vni, :created)")
                .bind("vm", vm.vmId())
                .bind("name", vm.name())
                .bind("owner", vm.owner())
                .bind("address", vm.address().isEmpty() ? null : vm.address())
                .bind("detail", vm.detail())
                .bind("vni", vm.vni())
                .bind("created", created)
                .execute();
        return new OwnershipRecord(vm.vmId(), vm.name(), vm.owner(), 1, vm.address(), vm.detail(), vm.vni(), created);
    }

    OwnershipRecord transfer(String what, String vmId, String expectedOwner, long expectedFence, String newOwner)
            throws OwnershipConflict {
        OwnershipRecord present = require(what, vmId, expectedOwner, expectedFence);
        handle.createUpdate("UPDATE ownership SET owner = :owner, fence = fence + 1 WHERE vm_id = :vm")
                .bind("owner", newOwner)
                .bind("vm", vmId)
                .execute();
        return present.ownedBy(newOwner);
    }

    OwnershipRecord delete(String what, String vmId, String expectedOwner, long expectedFence)
            throws OwnershipConflict {
        OwnershipRecord present = require(what, vmId, expectedOwner, expectedFence);
        handle.createUpdate("DELETE FROM ownership WHERE vm_id = :vm")
                .bind("vm", vmId)
                .execute();
        return present;
    }

    Optional<OwnershipRecord> byId(String vmId) {
        return one("vm_id", vmId);
    }

    Optional<OwnershipRecord> byName(String name) {
        return one("name", name);
    }

    List<OwnershipRecord> all() {
        return handle.createQuery("SELECT " + COLUMNS + " FROM ownership ORDER BY vm_id")
                .map(OwnershipTable::row)
                .list();
    }

    private OwnershipRecord require(String what, String vmId, String expectedOwner, long expectedFence)
            throws OwnershipConflict {
        Optional<OwnershipRecord> present = byId(vmId);
        if (present.isEmpty()
                || !present.get().owner().equals(expectedOwner)
                || present.get().fence() != expectedFence) {
            throw new OwnershipConflict("cannot " + what, present);
        }
        return present.get();
    }

    private Optional<OwnershipRecord> one(String column, String value) {
        return handle.createQuery("SELECT " + COLUMNS + " FROM ownership WHERE " + column + " = :value")
                .bind("value", value)
                .map(OwnershipTable::row)
                .findOne();
    }

    private static OwnershipRecord row(ResultSet row, StatementContext context) throws SQLException {
        String address = row.getString("address");
        return new OwnershipRecord(
                row.getString("vm_id"),
                row.getString("name"),
                row.getString("owner"),
                row.getLong("fence"),
                address == null ? "" : address,
                row.getString("detail"),
                row.getInt("vni"),
                row.getLong("created"));
    }
}
