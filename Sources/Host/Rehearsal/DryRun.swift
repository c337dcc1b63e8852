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
            while let next = try market.next() {
                for desk in desks { desk.hear(next.events, now: next.now) }
                if desks[0].strategy.faults > 0 { break }
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
