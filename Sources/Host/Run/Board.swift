import Core
import Exchange
import LuaBridge
import Records
import Synchronization

/// What the desk shows of itself a few times a second, for the table, `status` and the end of a run.
struct Standing: Sendable {
    var now: Timestamp
    var state: TradingState
    var pairs: [PairStanding]
    var scripts: [ScriptStanding]
    var counters: Counters
    var profit: ProfitAndLoss
    var profitToday: Money
    var equity: Money?
    /// The rise of all prices that empties the cash, and the one that liquidates the account; 1.0 is 100 000
    /// 000, `nil` without shorts or while something of it is not known.
    var runway: Percent?, liquidationRise: Percent?
    var isQuiet: Bool
    /// The account is read, and what an earlier run left agrees with it.
    var isReady: Bool
    var openLines: [String]
    /// Why nothing is entered for want of a database to record it in; `nil` when it is kept.
    var recordsFault: String?
    /// What keeps entries away beside an operator's hold, and what lifts it.
    var whatHolds: [String]
    var frameFaults: Int, lastFrameFault: String

    init(_ street: Street) {
        let engine = street.engine
        (now, state) = (engine.now, engine.state)
        (pairs, scripts) = (engine.pairStandings, ScriptStanding.all(engine))
        (counters, profit, profitToday) = (engine.counters, engine.profitByCause, engine.profitToday)
        (equity, isQuiet, openLines) = (engine.equity, engine.isQuiet, engine.openLines)
        (runway, liquidationRise) = (engine.runway, engine.liquidationRise)
        (isReady, recordsFault) = (engine.isReady, engine.recordsFault)
        whatHolds = engine.whatHolds
        (frameFaults, lastFrameFault) = (street.books.faults, street.books.lastFault)
    }
}

extension Standing {
    /// Something stopped entries, of the host or of a script, that only a person lifts.
    var isLatched: Bool {
        let running = [
            TradingState.active.rawValue, TradingState.shadow.rawValue, VersionStep.ready.rawValue,
        ]
        return state != .active || scripts.contains { !running.contains($0.state) }
    }

    /// What keeps entries away when this `resume` is done, and what lifts it; nothing for other orders.
    func holds(after instruction: Engine.Instruction) -> [String] {
        switch instruction {
        case .resume: return whatHolds
        case .script(let name, .resume):
            let host = state == .hold ? ["the host is on hold: `neap resume` lifts that"] : []
            return host + whatHolds.filter { !$0.hasPrefix("\(name) is on hold:") }
        default: return []
        }
    }
}

/// The last `Standing`, passed from the desk to everybody who looks.
final class Board: Sendable {
    private let standing = Mutex<Standing?>(nil)
    func show(_ new: Standing) { standing.withLock { $0 = new } }
    var last: Standing? { standing.withLock { $0 } }
}

extension Standing {
    /// - Parameter ready: scripts of which a version waits for `promote` and decides nothing meanwhile.
    func naming(ready: Set<String>) -> Standing {
        var standing = self
        standing.scripts = scripts.naming(ready: ready)
        return standing
    }

    /// `neap status --json`.
    func json(
        mode: String, seconds: Int64, versions: [VersionRow] = [], shadows: [ShadowStanding] = [],
        unfit: [UnfitFile] = []
    ) -> String {
        var json = JSONText(capacity: 4096)
        json.object { json in
            json.field("mode", mode)
            json.field("seconds", seconds)
            json.field("state", state.rawValue)
            json.field("records_fault", recordsFault)
            json.field("now_ms", now.milliseconds)
            json.field("equity_usd", equity)
            json.field("cash_runway", runway?.description)
            json.field("liquidation_rise", liquidationRise?.description)
            json.field("net_pnl_usd", profit.total.description)
            json.field("pnl_today_usd", profitToday.description)
            json.field("rounds", Int64(counters.rounds))
            json.field("fills", Int64(counters.fills))
            json.field("orders_sent", Int64(counters.ordersSent))
            json.key("pairs")
            json.array { json in for pair in pairs { pair.write(&json) } }
            json.key("scripts")
            json.array { json in
                for script in scripts {
                    json.object { json in
                        json.field("name", script.name)
                        json.field("version", script.version)
                        json.field("state", script.state)
                        json.field("calls", Int64(script.calls))
                        json.field("faults", Int64(script.faults))
                        json.field("reloads", Int64(script.reloads))
                        json.field("net_pnl_usd", script.profit.description)
                        json.field("kept", script.kept)
                        json.field("probation_left", script.probationLeft.map(Int64.init))
                        json.field("rollbacks", Int64(script.rollbacks))
                        json.field("call_p50_us", script.callMicroseconds.map { "\($0.p50)" })
                        json.field("call_p99_us", script.callMicroseconds.map { "\($0.p99)" })
                        json.key("pnl")
                        json.object { json in
                            for row in script.causes.rows { json.field(row.name, row.amount.description) }
                        }
                        json.key("versions")
                        json.array { json in
                            for row in versions where row.script == script.name { row.write(&json) }
                        }
                        json.key("shadow")
                        json.array { json in
                            for shadow in shadows where shadow.name == script.name { shadow.write(&json) }
                        }
                    }
                }
            }
            json.key("refused_files")
            json.array { json in for file in unfit { file.write(&json) } }
            json.key("refusals")
            json.object { json in
                for row in counters.reasons.rows { json.field(row.reason.rawValue, Int64(row.count)) }
            }
        }
        return json.string
    }
}

extension VersionRow {
    fileprivate func write(_ json: inout JSONText) {
        json.object { json in
            json.field("version", String(version.prefix(12)))
            json.field("fate", fate.rawValue)
            json.field("since_ms", since.milliseconds)
            json.field("summary", summary)
            json.field("detail", fate == .rehearsed ? "" : detail)
        }
    }
}

extension UnfitFile {
    fileprivate func write(_ json: inout JSONText) {
        json.object { json in
            json.field("file", file)
            json.field("fate", report.isHosts ? VersionStep.untried.rawValue : VersionStep.refused.rawValue)
            json.field("since_ms", since.milliseconds)
            json.field("place", report.place)
            json.field("reason", report.message)
        }
    }
}

extension ShadowStanding {
    fileprivate func write(_ json: inout JSONText) {
        json.object { json in
            json.field("version", String(version.prefix(12)))
            json.field("seconds", seconds)
            json.field("entries", Int64(entries))
            json.field("rounds", Int64(rounds))
            json.field("net_pnl_usd", profit.description)
            json.field("running_net_pnl_usd", runningProfit?.description)
            json.field("difference", text)
        }
    }

    /// The paired difference, for people.
    var text: String {
        guard runningProfit != nil else { return "nothing to compare with" }
        guard let error = difference.error else {
            return "\(difference.count) min compared; two are needed"
        }
        let mean =
            "\(Self.short(difference.mean)) ± \(Self.short(error).drop { $0 == "+" }) USD a minute over \(difference.count) min"
        guard let left = difference.spansToGo else { return mean + "; no difference shows" }
        if left == 0 { return mean + "; more than chance" }
        return mean + "; means something in about \(left) min if it stays like this"
    }

    private static func short(_ value: Double) -> String {
        let scaled = (value * 10_000).rounded() / 10_000
        return (scaled > 0 ? "+" : "") + "\(scaled)"
    }
}

extension PairStanding {
    fileprivate func write(_ json: inout JSONText) {
        json.object { json in
            json.field("pair", base)
            json.field("fresh", isFresh)
            json.field("spot_mid", spot?.mid.description)
            json.field("perp_mid", perp?.mid.description)
            json.field("mid_spread_pct", midSpread?.description)
            json.field("gross_pct", gross?.description)
            json.field("best_style", best?.style.rawValue)
            json.field("net_pct", best?.net.description)
            json.field("breakeven_pct", best?.breakeven.description)
            json.key("holdings")
            json.array { json in
                for holding in holdings {
                    json.object { json in
                        json.field("script", holding.owner)
                        json.field("state", holding.state.rawValue)
                        json.field("direction", holding.direction.rawValue)
                        json.field("coins", holding.coins.description)
                        json.field("contracts", holding.perp.description)
                        json.field("age_s", holding.age.microseconds / 1_000_000)
                        json.field("net_usd", holding.net?.description)
                    }
                }
            }
        }
    }
}

extension Engine {
    /// What scripts logged since this was last asked. A version that is kept, for what it holds or for one
    /// step back, is named with its version.
    func takeScriptLogs() -> [(who: String, lines: [ScriptLine], lost: Int)] {
        var logs: [(who: String, lines: [ScriptLine], lost: Int)] = []
        func take(_ who: String, _ strategy: any Strategy) {
            guard let (lines, lost) = (strategy as? Script)?.takeLog() else { return }
            if !lines.isEmpty || lost > 0 { logs.append((who, lines, lost)) }
        }
        for place in slotOrder {
            let slot = slots[place]
            take(slot.name, slot.strategy)
            for version in (slot.kept.map { [$0] } ?? []) + slot.earlier {
                take("\(slot.name) \(version.version.prefix(12))", version.strategy)
            }
        }
        return logs
    }
}
