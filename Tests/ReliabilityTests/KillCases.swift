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
        let point: KillPoint
        let reach: Reach
        /// The how manieth time; of lost orders, the how manieth request of the phase is lost.
        let count: Int

        static let all: [KillCase] = Style.allCases.flatMap { style in
            KillPoint.Phase.allCases.flatMap { phase in
                KillPoint.allCases.flatMap { point in
                    Reach.allCases.filter(point.knows).flatMap { reach in
                        (1...times(style, point, reach)).map {
                            KillCase(style: style, phase: phase, point: point, reach: reach, count: $0)
                        }
                    }
                }
            }
        }

        /// Orders are answered and filled in several messages; commands and sends are few. A post that fills
        /// in two halves has more of both.
        private static func times(_ style: Style, _ point: KillPoint, _ reach: Reach) -> Int {
            if point.isReceipt { return reach == .lost ? 2 : style == .taker ? 6 : 8 }
            return style == .taker ? 2 : 3
        }

        /// Half of a post has filled, and the hedge of it is neither recorded nor sent. What rests fills on.
        static let naked = KillCase(
            style: .maker, phase: .opening, point: .commandsBefore, reach: .lost, count: 2)
        /// For hosts that are not killed at a place: they take.
        static let taking = KillCase(
            style: .taker, phase: .opening, point: .sendAfter, reach: .reached, count: 1)

        var name: String {
            "\(style.rawValue) \(phase.rawValue), \(point.rawValue):\(count), \(reach.rawValue)"
        }

        /// What the host is told of where it is to die.
        var plan: String {
            let isOfLoss = point.isReceipt && reach == .lost
            return "\(point.rawValue):\(isOfLoss ? 1 : count):\(phase.rawValue)" + (isOfLoss ? ":lost" : "")
        }

        /// Whether the exchange loses a request of this phase.
        var losesOrders: Bool { point.isReceipt && reach == .lost }
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
            for style in KillCase.Style.allCases {
                for phase in KillPoint.Phase.allCases {
                    for point in KillPoint.allCases {
                        for reach in KillCase.Reach.allCases {
                            let own = results.filter {
                                $0.setting.style == style && $0.setting.phase == phase
                                    && $0.setting.point == point && $0.setting.reach == reach
                            }
                            guard !own.isEmpty else { continue }
                            let place = "\(point.rawValue), \(reach.rawValue)"
                            lines.append(row("\(style.rawValue) \(phase.rawValue), \(place)", own))
                        }
                    }
                }
            }
            return lines + [row("all", results)]
        }

        private func row(_ name: String, _ own: [KillResult]) -> String {
            let slowest = own.compactMap(\.recovered).max().map { "\($0) ms" } ?? "–"
            return "| \(name) | \(own.count) | \(own.count { $0.wasReached }) | "
                + "\(own.count { $0.wasNaked }) | \(slowest) | \(own.count { !$0.faults.isEmpty }) |"
        }
    }
#endif
