import Core
import Exchange
import Journal
import LuaBridge

/// Puts every callback of a script through a stretch of the generated market in which positions are opened
/// whether the script wishes or not, so that code which a quiet market never reaches has run once before it
/// is trusted.
package enum DryRun {
    /// Long enough for the first dislocation of every pair and its end.
    static let seconds: Int64 = 40

    /// Inputs that are made before the two states hear them, side by side.
    private static let stretchMost = 1024

    private static func stretch(of market: GeneratedMarket) throws(JournalFault) -> [Heard] {
        var heard: [Heard] = []
        while heard.count < stretchMost, let next = try market.next() { heard.append(next) }
        return heard
    }

    /// - Parameter package: made twice, in two states that must answer alike.
    /// - Returns: whether `exit` was asked, or there is none.
    /// - Throws: the first fault, or that the answers differ.
    package static func check(_ package: ScriptPackage, _ maker: ScriptMaker, state: StoredScript?)
        throws(ScriptReport) -> Bool
    {
        let maker = maker.patient
        let limits = GeneratedMarket.limits
        let market = GeneratedMarket(seconds: seconds, limits: limits)
        let plan = PaperPlan(
            instruments: market.catalogue.instruments, pairs: market.pairs, limits: limits)
        var desks: [PaperDesk] = []
        for _ in 0..<2 {
            let script = try maker.make(package)
            if let state { try script.takeOver(from: maker.restore(state)) }
            desks.append(
                PaperDesk(WatchedScript(script, wishesAlways: true), plan, from: market.picture))
        }
        do throws(JournalFault) {
            while desks[0].strategy.faults == 0 {
                let stretch = try stretch(of: market)
                if stretch.isEmpty { break }
                let twinThread = PaperThread(desks[1], stretch)
                if twinThread == nil { desks[1].hear(stretch) }
                for (now, events) in stretch where desks[0].strategy.faults == 0 {
                    desks[0].hear(events, now: now)
                }
                twinThread?.join()
            }
        } catch { throw ScriptReport(place: package.name + ".lua", message: "\(error)") }
        let script = desks[0].strategy
        if let fault = script.firstFault {
            throw ScriptReport(
                place: fault.place ?? package.name + ".lua",
                message: "\(fault.message) (in a dry run, after \(script.calls) calls)")
        }
        guard script.answers == desks[1].strategy.answers else {
            throw ScriptReport(
                place: package.name + ".lua", message: Rehearsal.isNotRepeatable)
        }
        return !script.contract.hasExit || script.exitCalls > 0
    }
}
