#if KillPoints
    import Core
    import Simulator

    @testable import Host

    /// How a pair is opened and closed, and where the process dies. All cases come from one list: every
    /// place, with the order having reached the exchange or not, taking and resting, opening and closing.
    struct KillCase: Sendable {
        enum Style: String, CaseIterable, Sendable { case taker, maker }
        /// Whether the order that the place is about has reached the exchange.
        enum Reach: String, CaseIterable, Sendable { case reached, lost = "not reached" }
        let style: Style
        let phase: KillPoint.Phase
        /// Of a resting leg: the post or its hedge; `nil` where both legs take.
        let part: KillPoint.Part?
        let point: KillPoint
        let reach: Reach
        /// The how manieth time; of lost orders, the how manieth request is lost.
        let count: Int

        static let all: [KillCase] = Style.allCases.flatMap { style in
            KillPoint.Phase.allCases.flatMap { phase in
                parts(of: style).flatMap { part in
                    KillPoint.allCases.flatMap { point in
                        Reach.allCases.filter(point.knows).flatMap { reach in
                            (1...times(point, reach, part)).map {
                                KillCase(
                                    style: style, phase: phase, part: part, point: point, reach: reach,
                                    count: $0)
                            }
                        }
                    }
                }
            }
        }

        private static func parts(of style: Style) -> [KillPoint.Part?] {
            style == .taker ? [nil] : KillPoint.Part.allCases
        }

        /// Orders are answered and filled in several messages; commands and sends are few.
        private static func times(_ point: KillPoint, _ reach: Reach, _ part: KillPoint.Part?) -> Int {
            point.isReceipt && reach == .reached ? part == nil ? 6 : 4 : 2
        }

        /// Half of a post has filled, and the hedge of it is neither recorded nor sent. What rests fills on.
        static let naked = KillCase(
            style: .maker, phase: .opening, part: .hedge, point: .commandsBefore, reach: .lost, count: 1)
        /// For hosts that are not killed at a place: they take.
        static let taking = KillCase(
            style: .taker, phase: .opening, part: nil, point: .sendAfter, reach: .reached, count: 1)

        /// For people: the life, and which order of it.
        var life: String {
            "\(style.rawValue) \(phase.rawValue)" + (part.map { ", its \($0.rawValue)" } ?? "")
        }
        var name: String { "\(life), \(point.rawValue):\(count), \(reach.rawValue)" }

        /// What rests at the exchange fills before the host is started again, or is still there.
        var waitsForFills: Bool { count.isMultiple(of: 2) }
        /// Whether the exchange loses a request.
        var losesOrders: Bool { point.isReceipt && reach == .lost }

        /// What the host is told of where it is to die.
        var plan: String {
            "\(point.rawValue):\(losesOrders ? 1 : count):\(phase.rawValue)"
                + (part.map { ":\($0.rawValue)" } ?? "") + (losesOrders ? ":lost" : "")
        }

        /// Whether orders of a request at the exchange are those that the case is about.
        func means(_ orders: [IncomingOrder]) -> Bool {
            orders.contains {
                let own: KillPoint.Part = $0.timeInForce == .goodTillCancelled ? .post : .hedge
                return $0.phase == phase && (part == nil || own == part)
            }
        }
    }

    extension KillPoint {
        /// The word of an order is of one that arrived or of one that was lost; what is not sent has not
        /// arrived, and of what was sent the place itself waits until it has.
        func knows(_ reach: KillCase.Reach) -> Bool {
            isReceipt || (reach == .reached) == (self == .sendAfter)
        }
    }

    extension IncomingOrder {
        /// Of a carry: coins bought and contracts sold open it.
        var phase: KillPoint.Phase {
            (MarketFigures.all[instrument.index].kind == .spot) == (side == .buy) ? .opening : .closing
        }
    }

    struct KillResult: Sendable {
        let setting: KillCase
        var wasReached = false
        /// From the second start until every pair was hedged or flat with no order out; milliseconds.
        var recovered: Int?
        /// What the exchange held when the second process was started was not hedged.
        var wasNaked = false
        var fills = 0
        var faults: [String] = []
    }

    /// The table of places for docs/reliability.md.
    struct KillTable {
        let results: [KillResult]

        var lines: [String] {
            var lines = [
                "| life, place, its order | cases | reached | one leg open | slowest back | faults |",
                "| --- | ---: | ---: | ---: | ---: | ---: |",
            ]
            // In the order of the list.
            var names: [String] = []
            for result in results where !names.contains(name(result)) { names.append(name(result)) }
            lines += names.map { wanted in row(wanted, results.filter { name($0) == wanted }) }
            return lines + [row("all", results)]
        }

        private func name(_ result: KillResult) -> String {
            "\(result.setting.life), \(result.setting.point.rawValue), \(result.setting.reach.rawValue)"
        }

        private func row(_ name: String, _ own: [KillResult]) -> String {
            let slowest = own.compactMap(\.recovered).max().map { "\($0) ms" } ?? "–"
            return "| \(name) | \(own.count) | \(own.count { $0.wasReached }) | "
                + "\(own.count { $0.wasNaked }) | \(slowest) | \(own.count { !$0.faults.isEmpty }) |"
        }
    }
#endif
