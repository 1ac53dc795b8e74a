package dev.godwit.daemon;

import dev.godwit.fleet.HostRecord;
import dev.godwit.move.MoveRecord;
import dev.godwit.move.MovesInProgress;
import dev.godwit.move.TargetMoves;
import dev.godwit.policy.Action;
import dev.godwit.policy.Candidate;
import dev.godwit.policy.VmLoad;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** The VMs of this host as an evacuation sees them. Thread-safe. */
final class DepartingVms implements LeavingHost {
    private final Vms vms;
    private final Admission admission;
    private final MovesInProgress inProgress;
    private final TargetMoves arriving;
    private final Moves moves;
    private final FleetView view;

    DepartingVms(
            Vms vms,
            Admission admission,
            MovesInProgress inProgress,
            TargetMoves arriving,
            Moves moves,
            FleetView view) {
        this.vms = vms;
        this.admission = admission;
        this.inProgress = inProgress;
        this.arriving = arriving;
        this.moves = moves;
        this.view = view;
    }

    /** What was promised room and is no VM here yet counts too: between the promise and the VM lie a store and a disk. */
    @Override
    public List<String> movable() {
        Set<String> promised = new HashSet<>(admission.promised());
        List<String> movable = new ArrayList<>();
        for (HostedVm vm : vms.all()) {
            promised.remove(vm.id());
            switch (vm.record().phase()) {
                case RUNNING, CREATING, ARRIVING -> movable.add(vm.id());
                case STOPPED, LOST, GIVEN -> {}
            }
        }
        movable.addAll(promised);
        return movable;
    }

    @Override
    public List<String> staying() {
        return vms.all().stream()
                .map(HostedVm::record)
                .filter(vm -> vm.phase() == VmRecord.Phase.STOPPED || vm.phase() == VmRecord.Phase.LOST)
                .map(vm -> vm.name() + " (" + vm.phase() + ")")
                .toList();
    }

    @Override
    public void turnAway(String why) {
        arriving.abortAll(why);
    }

    /** A VM that is on the move already is waited for. */
    @Override
    public List<VmLoad> loads() {
        return view.loads(vms.owned().stream()
                .filter(vm -> inProgress.moveOf(vm.id()).isEmpty())
                .toList());
    }

    @Override
    public List<Candidate> candidates() throws IOException {
        return view.candidates();
    }

    @Override
    public CompletableFuture<MoveRecord> move(Action.Move planned) throws IOException {
        HostedVm vm = vms.owned(planned.vmId()).orElseThrow(() -> new IOException("it is no longer here"));
        HostRecord target = view.host(planned.targetHostId())
                .orElseThrow(() -> new IOException("host " + planned.targetHostId() + " has left the fleet"));
        return moves.begin(vm, target, FleetView.planned(planned)).end();
    }
}
