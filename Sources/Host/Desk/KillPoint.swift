import Core
import Exchange
import Glibc
import Journal
import Synchronization

#if KillPoints
    /// Places between the exchange and the record where a process may die, each once before and once after
    /// something that cannot be taken back. The variable `NEAP_KILL=POINT:COUNT` ends the process with
    /// SIGKILL when it comes to that point for that time; only what has to do with orders is counted. The
    /// points are part of every build, so that what is tested is what people run.
    package enum KillPoint: String, CaseIterable, Sendable {
        /// An answer to an order or a message about one is at the socket, not in the mailbox.
        case receiptBefore = "receipt-before"
        /// It is in the mailbox, not recorded.
        case receiptAfter = "receipt-after"
        /// Taken out of the mailbox; not recorded.
        case inputBefore = "input-before"
        /// Recorded; its turn has not run.
        case inputAfter = "input-after"
        /// The turn has run; its orders are not recorded.
        case commandsBefore = "commands-before"
        /// Its orders are recorded; none was sent.
        case commandsAfter = "commands-after"
        /// An order was handed to the REST client; what reached the exchange is chance.
        case sendAfter = "send-after"
    }

    extension KillPoint {
        private struct Plan: Sendable {
            let point: KillPoint
            let count: Int
        }

        private static let plan: Plan? = {
            guard let text = getenv("NEAP_KILL").map({ String(cString: $0) }) else { return nil }
            let halves = text.split(separator: ":").map(String.init)
            guard halves.count == 2, let point = KillPoint(rawValue: halves[0]), let count = Int(halves[1])
            else { return nil }
            return Plan(point: point, count: count)
        }()
        private static let passed = Atomic(0)

        /// Comes here; the process may end.
        static func reach(_ point: KillPoint) {
            guard let plan, plan.point == point else { return }
            if passed.wrappingAdd(1, ordering: .relaxed).newValue == plan.count { kill(getpid(), SIGKILL) }
        }

        /// The same, for an input that may be about an order.
        static func reach(_ point: KillPoint, _ input: Input) {
            guard let plan, plan.point == point else { return }
            switch input {
            case .frame(.privateStream, let bytes):
                if String(decoding: bytes, as: UTF8.self).contains("\"e\":\"order") { reach(point) }
            case .reply(_, .answered(_, _, let body)):
                if String(decoding: body.prefix(4096), as: UTF8.self).contains("\"clientId\"") {
                    reach(point)
                }
            default: break
            }
        }
    }
#endif

extension Desk {
    #if KillPoints
        static func reach(_ point: KillPoint) { KillPoint.reach(point) }
        static func reach(_ point: KillPoint, _ input: Input) { KillPoint.reach(point, input) }
    #else
        enum NoPoint {
            case receiptBefore, receiptAfter, inputBefore, inputAfter, commandsBefore, commandsAfter
            case sendAfter
        }
        @inline(__always) static func reach(_ point: NoPoint) {}
        @inline(__always) static func reach(_ point: NoPoint, _ input: Input) {}
    #endif
}
