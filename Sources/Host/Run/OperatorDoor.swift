import Core
import Glibc
import Synchronization

/// Takes what a person asks of the desk. A halt is remembered until it is re-armed: the desk may stand still,
/// and a host that begins anew after that must not trade because nobody took the halt up.
final class OperatorDoor: Sendable {
    private let desk: Desk
    private let isHaltAsked = Atomic(false)
    /// In the environment of a host that begins anew.
    private static let variable = "NEAP_HALT_ASKED"

    init(_ desk: Desk) { self.desk = desk }

    func obey(_ instruction: Engine.Instruction) {
        remember(instruction)
        desk.obey(instruction)
    }

    /// For the next image of this process alone.
    func remember(_ instruction: Engine.Instruction) {
        switch instruction {
        case .halt: isHaltAsked.store(true, ordering: .relaxed)
        case .rearm: isHaltAsked.store(false, ordering: .relaxed)
        default: break
        }
    }

    /// What was asked of the process before this one goes with its next image.
    func handOn() {
        if isHaltAsked.load(ordering: .relaxed) { setenv(Self.variable, "1", 1) }
    }

    /// Asks again for what was handed on; before the desk's first turn.
    /// - Parameter isAsked: a signal came before there was a desk, or a run before left it so.
    func takeUp(isAsked: Bool) {
        let isHandedOn = getenv(Self.variable) != nil
        unsetenv(Self.variable)
        if isAsked || isHandedOn { obey(.halt) }
    }
}
