import Core
import Exchange
import Journal
import LuaBridge

/// Puts every callback of a script through a stretch of the generated market in which positions are opened
/// whether the script wishes or not, and then through markets that stretch does not have, so that code which
/// a quiet market never reaches has run once before it is trusted.
package enum DryRun {
    /// Long enough for the first dislocation of every pair and its end.
    static let seconds: Int64 = 40

    /// Inputs that are made before the two states hear them, side by side.
    private static let stretchMost = 64
    /// Work after which a script has been seen enough: others wait behind it. µs of processor time.
    private static let workMost: Int64 = 10_000_000
    /// So many calls make an average.
    private static let callsLeast = 3

    private static func stretch(of market: GeneratedMarket) throws(JournalFault) -> [Heard] {
        var heard: [Heard] = []
        while heard.count < stretchMost, let next = try market.next() { heard.append(next) }
        return heard
    }

    /// - Parameter package: made twice, in two states that must answer alike.
    /// - Returns: whether `exit` was asked, or there is none.
    /// - Throws: the first fault, or that the answers differ.
    package static func check(
        _ package: ScriptPackage, _ maker: ScriptMaker, state: StoredScript?,
        isCancelled: () -> Bool = { false }
    ) throws(ScriptReport) -> Bool {
        let limit = maker.limits(of: package.name).wall
        let maker = maker.patient
        let limits = GeneratedMarket.limits
        let market = GeneratedMarket(seconds: seconds, limits: limits)
        let plan = PaperPlan(
            instruments: market.catalogue.instruments, pairs: market.pairs, limits: limits)
        var desks: [PaperDesk] = []
        let scripts = [try maker.make(package), try maker.make(package)]
        let standIns = StandIns(scripts[0].contract.pairs)
        for script in scripts {
            if let state { try script.takeOver(from: maker.restore(state)) }
            let watched = WatchedScript(script, wishesAlways: true, standIns: standIns)
            desks.append(PaperDesk(watched, plan, from: market.picture))
        }
        do throws(JournalFault) {
            while desks[0].strategy.faults == 0, desks[0].strategy.spent < workMost,
                !isSlow(desks[0].strategy, limit)
            {
                let stretch = try stretch(of: market)
                if stretch.isEmpty { break }
                if isCancelled() { throw JournalFault("the host is stopping") }
                let twinThread = PaperThread { [twin = desks[1]] in twin.hear(stretch) }
                if twinThread == nil { desks[1].hear(stretch) }
                for (now, events) in stretch where desks[0].strategy.faults == 0 {
                    desks[0].hear(events, now: now)
                }
                twinThread?.join()
            }
        } catch {
            throw ScriptReport(place: package.name + ".lua", message: "\(error)", isHosts: true)
        }
        let script = desks[0].strategy
        if isSlow(script, limit) {
            throw ScriptReport(
                place: package.name + ".lua",
                message: "takes too long: \(mean(script) / 1000) ms a call on average, "
                    + "\(limit.milliseconds) are allowed (in a dry run, after \(script.calls) calls)")
        }
        if let fault = script.firstFault {
            throw ScriptReport(
                place: fault.place ?? package.name + ".lua",
                message: "\(fault.message) (in a dry run, after \(script.calls) calls)")
        }
        let calls = script.calls
        for desk in desks {
            var unusual = UnusualMarkets(desk.strategy)
            unusual.show(to: desk.strategy)
        }
        if let fault = script.firstFault {
            throw ScriptReport(
                place: fault.place ?? package.name + ".lua",
                message:
                    "\(fault.message) (in a dry run of unusual markets, after \(script.calls - calls) calls)")
        }
        try script.script.checkState()
        try tryOtherSettings(package, maker, seen: script)
        guard script.answers == desks[1].strategy.answers else {
            throw ScriptReport(
                place: package.name + ".lua", message: Rehearsal.isNotRepeatable)
        }
        return !script.contract.hasExit || script.exitCalls > 0
    }

    /// A thread may rest for long beside other work, so a single call is judged by its steps; what a call
    /// takes on average, in time that was really spent, is the script's own.
    private static func isSlow(_ script: WatchedScript, _ limit: TimeSpan) -> Bool {
        script.calls >= callsLeast && mean(script) > limit.microseconds
    }

    /// Processor time of a call, µs.
    private static func mean(_ script: WatchedScript) -> Int64 { script.spent / Int64(max(script.calls, 1)) }

    /// Flags and choices are turned by people in a file that nobody rehearses: each other value is shown the
    /// unusual markets once, from the script's own `state`.
    private static func tryOtherSettings(
        _ package: ScriptPackage, _ maker: ScriptMaker, seen: WatchedScript
    ) throws(ScriptReport) {
        for parameter in seen.contract.parameters {
            for value in parameter.others {
                let script = WatchedScript(
                    try maker.make(package, parameter.name, value), wishesAlways: true,
                    standIns: StandIns(seen.script.contract.pairs))
                var unusual = UnusualMarkets(seen)
                unusual.show(to: script)
                guard let fault = script.firstFault else {
                    try script.script.checkState()
                    continue
                }
                throw ScriptReport(
                    place: fault.place ?? package.name + ".lua",
                    message: "\(fault.message) (in a dry run with \(parameter.name) = \(value.text))")
            }
        }
    }
}
