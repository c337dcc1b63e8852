import Core

/// A file beside a strategy that says what the strategy answers to what: it returns one table of plain data.
///
/// It is read in the same world and under the same limits as a strategy; nothing of it runs later.
public enum ScriptTestFile {
    /// The table the file returns; unlike a state it may hold 40,000 values in 1 MiB.
    /// - Throws: `ScriptReport` when it does not compile, passes a limit or holds more than plain data.
    public static func read(
        _ source: [UInt8], named file: String, _ setting: ScriptSetting, library: [ScriptSource] = []
    ) throws(ScriptReport) -> PlainValue {
        try ChainRule.check(source, file, most: setting.limits.chain)
        for part in library {
            try ChainRule.check(part.bytes, "lib/\(part.name).lua", most: setting.limits.chain)
        }
        guard let box = ScriptBox(limits: setting.limits, seed: 1) else {
            throw ScriptReport(place: file, message: "no memory for a Lua state")
        }
        do throws(StrategyFault) {
            _ = try box.load(source, chunk: file, includes: library)
            return try box.file()
        } catch { throw ScriptReport(place: error.place ?? file, message: error.message) }
    }
}
