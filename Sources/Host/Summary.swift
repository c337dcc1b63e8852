import Core
import Exchange
import LuaBridge
import Records

/// What a run did, as JSON (DESIGN 7, "Summary"): money is decimal text; counts, milliseconds, microseconds
/// are numbers.
struct Summary {
    var mode: String
    var seconds: Int64
    var endedBy: String
    var faultsPlayed: [(name: String, count: Int)] = []
    var differences: [String]
    /// `nil` when the venue's answers could not be had.
    var matches: Bool?
    var tickToOrder: (p50: Int64, p99: Int64)?
    /// The word of an execution to its hedge.
    var fillToHedge: (p50: Int64, p99: Int64)?

    func json(_ engine: Engine, _ scripts: [ScriptStanding]) -> String {
        var json = JSONText(capacity: 8192)
        let counters = engine.counters
        json.object { json in
            json.field("mode", mode)
            json.field("seconds", seconds)
            json.field("ended_by", endedBy)
            json.field("evaluations", Int64(counters.evaluations))
            Summary.counts(&json, "evaluations_by_reason", counters.reasons)
            json.field("opportunities", Int64(counters.opportunities))
            nearMisses(&json, engine)
            for (name, count) in Summary.plainCounts(counters, engine) { json.field(name, Int64(count)) }
            Summary.counts(&json, "denials", counters.denials)
            json.key("faults_played")
            json.object { json in for fault in faultsPlayed { json.field(fault.name, Int64(fault.count)) } }
            money(&json, engine)
            json.field("max_unhedged_usd", counters.unhedgedMax.description)
            json.field("max_unhedged_ms", counters.unhedgedTimeMax.milliseconds)
            let dollarSeconds = quotient(counters.unhedgedMoneyTime, by: 1_000_000, .nearest)
            json.field("unhedged_dollar_seconds", Money(raw: dollarSeconds).description)
            standings(&json, engine, scripts)
            for (name, figure) in [("tick_to_order_us", tickToOrder), ("fill_to_hedge_us", fillToHedge)] {
                json.key(name)
                json.object { json in
                    json.field("p50", figure.map(\.p50))
                    json.field("p99", figure.map(\.p99))
                }
            }
        }
        return json.string
    }

    private static func plainCounts(_ counters: Counters, _ engine: Engine) -> [(String, Int)] {
        [
            ("entries", counters.entries), ("exits", counters.exits), ("rounds", counters.rounds),
            ("open_pairs", engine.holdings.count { !$0.isFlat }), ("fills", counters.fills),
            ("orders_sent", counters.ordersSent), ("orders_denied", counters.ordersDenied),
            ("orders_rejected", counters.ordersRejected), ("maker_entries", counters.makerEntries),
            ("fallbacks", counters.fallbacks), ("partial_fills", counters.partialFills),
            ("hedges", counters.hedges), ("unwinds", counters.unwinds), ("gaps", counters.gaps),
            ("resyncs", counters.resyncs), ("transfers", counters.transfers),
        ]
    }

    private static func counts(_ json: inout JSONText, _ name: String, _ counts: ReasonCounts) {
        json.key(name)
        json.object { json in for row in counts.rows { json.field(row.reason.rawValue, Int64(row.count)) } }
    }

    private func nearMisses(_ json: inout JSONText, _ engine: Engine) {
        json.key("near_misses")
        json.array { json in
            for miss in engine.counters.nearMisses.sorted(by: { $0.net > $1.net }) {
                json.object { json in
                    json.field("pair", engine.pairs[miss.pair.index].base.symbol)
                    json.field("direction", miss.direction.rawValue)
                    json.field("style", miss.style.rawValue)
                    json.field("best_net_pct", miss.net.description)
                    json.field("missing_pct", miss.missing.description)
                    json.field("reason", miss.reason.rawValue)
                }
            }
        }
    }

    private func money(_ json: inout JSONText, _ engine: Engine) {
        let profit = engine.profitByCause
        json.field("net_pnl_usd", profit.total.description)
        json.key("pnl")
        json.object { json in
            for (name, amount) in profit.rows { json.field(name, amount.description) }
        }
        json.key("ledger_sum")
        json.object { json in
            for (asset, sum) in engine.ledger.sums { json.field(asset.symbol, sum.description) }
        }
        json.field("venue_matches", matches)
        json.key("venue_differences")
        json.array { json in for difference in differences { json.text(difference) } }
    }

    private func standings(_ json: inout JSONText, _ engine: Engine, _ scripts: [ScriptStanding]) {
        json.key("scripts")
        json.object { json in
            for script in scripts {
                json.key(script.name)
                json.object { json in
                    json.field("version", script.version)
                    json.field("state", script.state)
                    json.field("calls", Int64(script.calls))
                    json.field("entries", Int64(script.entries))
                    json.field("exits", Int64(script.exits))
                    json.field("net_pnl_usd", script.profit.description)
                    json.field("faults", Int64(script.faults))
                    json.field("reloads", Int64(script.reloads))
                }
            }
        }
    }
}

/// One script's row in summary, status and table.
struct ScriptStanding: Sendable {
    var name: String, version: String, state: String
    var calls: Int, entries: Int, exits: Int, faults: Int, reloads: Int
    var profit: Money
    /// The version before, and entries until the running one is proven.
    var kept: String?, probationLeft: Int?
    var rollbacks = 0
    /// Wall time of its calls, µs, at the middle and at 99 %.
    var callMicroseconds: (p50: Double, p99: Double)?
    var causes = ProfitAndLoss()

    /// All scripts on the desk, by name.
    static func all(_ engine: Engine) -> [ScriptStanding] {
        engine.slotOrder.map { place in
            let slot = engine.slots[place]
            let state =
                slot.stopped != nil ? "stopped" : slot.missing ? "missing" : slot.tradingState.rawValue
            return ScriptStanding(
                name: slot.name, version: String(slot.strategy.contract.version.prefix(12)), state: state,
                calls: slot.calls, entries: slot.entries, exits: slot.exits, faults: slot.faults,
                reloads: slot.reloads, profit: engine.profitByCause(ofSlot: place).total,
                kept: slot.kept.map { String($0.version.prefix(12)) },
                probationLeft: slot.probation?.left, rollbacks: slot.rollbacks,
                callMicroseconds: (slot.strategy as? Script).flatMap { script in
                    guard let p50 = script.latency.microseconds(atPercentile: 50),
                        let p99 = script.latency.microseconds(atPercentile: 99)
                    else { return nil }
                    return (p50, p99)
                }, causes: engine.profitByCause(ofSlot: place))
        }
    }
}

extension [ScriptStanding] {
    /// On the desk whatever does not trade yet is in the shadow; without a bench on paper it only waits.
    func naming(ready: Set<String>) -> [ScriptStanding] {
        map { script in
            guard script.state == TradingState.shadow.rawValue, ready.contains(script.name) else {
                return script
            }
            var script = script
            script.state = VersionStep.ready.rawValue
            return script
        }
    }
}
