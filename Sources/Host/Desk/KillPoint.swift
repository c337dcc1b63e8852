import Core
import Exchange
import Glibc
import Journal
import Synchronization

#if KillPoints
    /// Places between the exchange and the record where a process may die, each once before and once after
    /// something that cannot be taken back. The variable `NEAP_KILL=POINT:COUNT` ends the process with
    /// SIGKILL when it comes to that point for that time; only what has to do with orders is counted.
    /// `NEAP_KILL=POINT:COUNT:PHASE` counts only what has to do with orders that open a carry, or that close
    /// one; with `:post` or `:hedge` behind it, only those of them that rest, or that take; with `:lost`,
    /// only the word that such an order was lost on its way. The points are part of every build, so that what
    /// is tested is what people run.
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
        /// Orders of the turn before this one were sent, this one was not.
        case sendBefore = "send-before"
        /// It was sent and has reached the exchange: there is a word of it at the socket, and the desk has
        /// not taken it.
        case sendAfter = "send-after"

        package enum Phase: String, CaseIterable, Sendable { case opening, closing }
        package enum Part: String, CaseIterable, Sendable { case post, hedge }

        /// It lies behind the exchange's word of an order, or of its loss.
        package var isReceipt: Bool {
            switch self {
            case .receiptBefore, .receiptAfter, .inputBefore, .inputAfter: true
            case .commandsBefore, .commandsAfter, .sendBefore, .sendAfter: false
            }
        }
    }

    extension KillPoint {
        private struct Plan: Sendable {
            let point: KillPoint
            let count: Int
            let phase: Phase?, part: Part?
            let isOfLoss: Bool

            func means(_ order: Sent?) -> Bool {
                (phase == nil || order?.phase == phase) && (part == nil || order?.part == part)
            }
        }

        /// What an order of ours was for.
        private struct Sent {
            let phase: Phase, part: Part
        }

        private static let plan: Plan? = {
            guard let text = getenv("NEAP_KILL").map({ String(cString: $0) }) else { return nil }
            let parts = text.split(separator: ":").map(String.init)
            guard parts.count >= 2, let point = KillPoint(rawValue: parts[0]),
                let count = Int(parts[1])
            else { return nil }
            return Plan(
                point: point, count: count, phase: parts.dropFirst(2).compactMap(Phase.init).first,
                part: parts.dropFirst(2).compactMap(Part.init).first, isOfLoss: parts.contains("lost"))
        }()
        private static let passed = Atomic(0)

        /// What was sent and what was heard of it, by our own names.
        private struct Known {
            var orders: [UInt32: Sent] = [:], requests: [Int64: Sent] = [:]
            var heardOrders: [UInt32] = [], heardRequests: [Int64] = []
        }
        private static let known = Mutex(Known())

        /// Comes here; the process may end.
        private static func count(_ point: KillPoint, _ before: () -> Void = {}) {
            guard let plan, plan.point == point,
                passed.wrappingAdd(1, ordering: .relaxed).newValue == plan.count
            else { return }
            before()
            kill(getpid(), SIGKILL)
        }

        /// With what a turn asks for; before any of it is recorded.
        static func learn(_ commands: [Command], _ instruments: [Instrument]) {
            guard plan != nil else { return }
            known.withLock { known in
                for command in commands where command.request.changesState {
                    for order in command.request.orders {
                        let isSpot = instruments[order.instrument.index].kind == .spot
                        known.orders[order.id.raw] = Sent(
                            phase: isSpot == (order.side == .buy) ? .opening : .closing,
                            part: order.timeInForce == .goodTillCancelled ? .post : .hedge)
                    }
                    known.requests[command.id.raw] = command.request.names.first.flatMap {
                        known.orders[$0.raw]
                    }
                }
            }
        }

        /// With the commands of a turn, or one of them.
        static func reach(_ point: KillPoint, _ commands: [Command]) {
            guard let plan, plan.point == point else { return }
            let meant = commands.filter { command in
                guard command.request.changesState else { return false }
                return plan.means(known.withLock { $0.requests[command.id.raw] })
            }
            guard let first = meant.first else { return }
            count(point) { if point == .sendAfter { awaitWord(of: first) } }
        }

        /// Until the exchange has said something of it; for two seconds at most.
        private static func awaitWord(of command: Command) {
            let names = command.request.names.map(\.raw)
            for _ in 1...2000 {
                let isHeard = known.withLock { known in
                    known.heardRequests.contains(command.id.raw)
                        || names.contains(where: known.heardOrders.contains)
                }
                if isHeard { return }
                poll(nil, 0, 1)
            }
        }

        /// With an input that may be about an order.
        static func reach(_ point: KillPoint, _ input: Input) {
            guard let plan else { return }
            let isHearing = plan.point == .sendAfter && point == .receiptBefore
            guard plan.point == point || isHearing else { return }
            var order: Sent?
            switch input {
            case .frame(.privateStream, let bytes):
                let text = String(decoding: bytes, as: UTF8.self)
                guard !plan.isOfLoss, text.contains("\"e\":\"order") else { return }
                order = heard(number(behind: "\"c\":", in: text))
            case .reply(let id, .answered(_, _, let body)):
                let text = String(decoding: body.prefix(4096), as: UTF8.self)
                if isHearing { known.withLock { $0.heardRequests.append(id.raw) } }
                guard !plan.isOfLoss, text.contains("\"clientId\"") else { return }
                order = heard(number(behind: "\"clientId\":", in: text))
            case .reply(let id, .unknown):
                guard plan.isOfLoss else { return }
                order = known.withLock { $0.requests[id.raw] }
                if order == nil { return }
            default: return
            }
            if plan.means(order) { count(point) }
        }

        private static func heard(_ name: UInt32?) -> Sent? {
            guard let name else { return nil }
            return known.withLock { known in
                known.heardOrders.append(name)
                return known.orders[name]
            }
        }

        private static func number(behind key: String, in text: String) -> UInt32? {
            guard let place = text.firstRange(of: key) else { return nil }
            return UInt32(text[place.upperBound...].prefix { $0.isNumber })
        }
    }

    extension Request {
        fileprivate var orders: [Order] {
            switch self {
            case .submit(let order): [order]
            case .submitBatch(let batch): batch
            default: []
            }
        }

        /// Of the orders that it brings or takes back.
        fileprivate var names: [ClientOrderID] {
            if case .cancel(_, let id) = self { [id] } else { orders.map(\.id) }
        }
    }
#endif

extension Desk {
    #if KillPoints
        static func learn(_ commands: [Command], _ engine: Engine) {
            KillPoint.learn(commands, engine.instruments)
        }
        static func reach(_ point: KillPoint, _ commands: [Command]) { KillPoint.reach(point, commands) }
        static func reach(_ point: KillPoint, _ input: Input) { KillPoint.reach(point, input) }
    #else
        enum NoPoint {
            case receiptBefore, receiptAfter, inputBefore, inputAfter, commandsBefore, commandsAfter
            case sendBefore, sendAfter
        }
        @inline(__always) static func learn(_ commands: [Command], _ engine: Engine) {}
        @inline(__always) static func reach(_ point: NoPoint, _ commands: [Command]) {}
        @inline(__always) static func reach(_ point: NoPoint, _ input: Input) {}
    #endif
}
