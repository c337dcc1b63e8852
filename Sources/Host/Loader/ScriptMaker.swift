import Core
import Gateway
import Journal
import LuaBridge

/// How scripts are made from files and from a journal: with the bindings and limits of one configuration.
package struct ScriptMaker: Sendable {
    let limits: ScriptLimits
    let bindings: [String: BoundValue]

    package init(limits: ScriptLimits, bindings: [String: BoundValue]) {
        (self.limits, self.bindings) = (limits, bindings)
    }

    /// For rehearsals: beside other work a thread may rest for longer than a call may take, and that is no
    /// fault of a script. Steps bind as ever.
    var patient: ScriptMaker {
        var limits = limits
        limits.wall = TimeSpan(microseconds: limits.wall.microseconds * 50)
        limits.loadWall = TimeSpan(microseconds: limits.loadWall.microseconds * 10)
        return ScriptMaker(limits: limits, bindings: bindings)
    }

    /// What every script of this configuration is loaded with.
    var setting: ScriptSetting {
        var setting = ScriptSetting(digest: Digest.sha256)
        (setting.limits, setting.bindings) = (limits, bindings)
        return setting
    }

    package func make(_ package: ScriptPackage) throws(ScriptReport) -> Script { try make(package, bindings) }

    /// With one parameter as if it had been set otherwise.
    func make(
        _ package: ScriptPackage, _ parameter: String, _ value: StrategyParameter.Value
    ) throws(ScriptReport) -> Script {
        var setting = setting
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
    func restore(_ stored: StoredScript) throws(ScriptReport) -> Script {
        let script = try make(stored)
        guard !stored.state.isEmpty else { return script }
        do throws(StrategyFault) { try script.restore(state: stored.state) } catch {
            throw ScriptReport(
                place: stored.name + ".lua", message: "its stored state cannot be restored: \(error.message)")
        }
        return script
    }

    private func make(_ package: ScriptPackage, _ bindings: [String: BoundValue]) throws(ScriptReport)
        -> Script
    {
        var setting = setting
        setting.bindings = bindings
        return try Script(package, setting)
    }
}
