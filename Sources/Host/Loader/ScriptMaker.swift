import Core
import Gateway
import Journal
import LuaBridge

/// Limits that single scripts have in the place of everybody's, by name.
package struct OwnLimits: Sendable, Equatable {
    var steps: [String: UInt64] = [:]
    var memoryKiB: [String: Int] = [:]
    var wallMilliseconds: [String: Int] = [:]
    var logLines: [String: Int] = [:]
    var sourceKiB: [String: Int] = [:]
    var chain: [String: Int] = [:]
    package init() {}
}

/// How scripts are made from files and from a journal: with the bindings and limits of one configuration.
package struct ScriptMaker: Sendable {
    let limits: ScriptLimits
    let own: OwnLimits
    let bindings: [String: BoundValue]

    package init(limits: ScriptLimits, own: OwnLimits = OwnLimits(), bindings: [String: BoundValue]) {
        (self.limits, self.own, self.bindings) = (limits, own, bindings)
    }

    /// What a script of that name may use.
    func limits(of name: String) -> ScriptLimits {
        var limits = limits
        limits.steps = own.steps[name] ?? limits.steps
        limits.memoryKiB = own.memoryKiB[name] ?? limits.memoryKiB
        limits.wall = own.wallMilliseconds[name].map { .milliseconds(Int64($0)) } ?? limits.wall
        limits.logLines = own.logLines[name] ?? limits.logLines
        limits.sourceKiB = own.sourceKiB[name] ?? limits.sourceKiB
        limits.chain = own.chain[name] ?? limits.chain
        return limits
    }

    /// For rehearsals: beside other work a thread may rest for longer than a call may take, and that is no
    /// fault of a script. Steps bind as ever.
    var patient: ScriptMaker {
        var limits = limits
        limits.wall = TimeSpan(microseconds: limits.wall.microseconds * 50)
        limits.loadWall = TimeSpan(microseconds: limits.loadWall.microseconds * 10)
        var own = own
        own.wallMilliseconds = own.wallMilliseconds.mapValues { $0 * 50 }
        return ScriptMaker(limits: limits, own: own, bindings: bindings)
    }

    /// A file that no script may have is not read.
    var largestSourceKiB: Int { max(limits.sourceKiB, own.sourceKiB.values.max() ?? 0) }

    /// With nothing bound: every parameter has its script's own default.
    var unbound: ScriptMaker { ScriptMaker(limits: limits, own: own, bindings: [:]) }

    /// What a script of that name is loaded with.
    func setting(of name: String) -> ScriptSetting {
        var setting = ScriptSetting(digest: Digest.sha256)
        (setting.limits, setting.bindings) = (limits(of: name), bindings)
        return setting
    }

    package func make(_ package: ScriptPackage) throws(ScriptReport) -> Script { try make(package, bindings) }

    /// With one parameter as if it had been set otherwise.
    func make(
        _ package: ScriptPackage, _ parameter: String, _ value: StrategyParameter.Value
    ) throws(ScriptReport) -> Script {
        var setting = setting(of: package.name)
        setting.overrides[parameter] =
            switch value {
            case .number(let number): .number(number)
            case .flag(let flag): .flag(flag)
            case .text(let text): .text(text)
            }
        return try Script(package, setting)
    }

    /// A stored script is bound to what it was bound to then, not to what the environment says today.
    func make(_ stored: StoredScript) throws(ScriptReport) -> Script {
        try make(stored.package, stored.bindings)
    }

    /// A stored script with the state it had.
    /// - Throws: what is no fault of a version that is tried beside it.
    func restore(_ stored: StoredScript) throws(ScriptReport) -> Script {
        let script: Script
        do throws(ScriptReport) { script = try make(stored) } catch {
            throw ScriptReport(place: error.place, message: error.message, isHosts: true)
        }
        guard !stored.state.isEmpty else { return script }
        do throws(StrategyFault) { try script.restore(state: stored.state) } catch {
            throw ScriptReport(
                place: stored.name + ".lua", message: "its stored state cannot be restored: \(error.message)",
                isHosts: true)
        }
        return script
    }

    private func make(_ package: ScriptPackage, _ bindings: [String: BoundValue]) throws(ScriptReport)
        -> Script
    {
        var setting = setting(of: package.name)
        setting.bindings = bindings
        return try Script(package, setting)
    }
}
