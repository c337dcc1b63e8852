import CLuaBox
import Core

/// What a script is made from, self-contained: the journal keeps exactly this.
public struct ScriptPackage: Sendable, Equatable {
    /// The stem of the file.
    public let name: String
    public let source: [UInt8]
    /// What `include` may find.
    public let library: [ScriptSource]
    public init(name: String, source: [UInt8], library: [ScriptSource]) {
        (self.name, self.source, self.library) = (name, source, library)
    }
}

/// A value that the environment or the `.env` file binds to a variable.
public struct BoundValue: Sendable, Equatable {
    public let text: String
    public let origin: StrategyParameter.Origin
    /// Neither the table of variables nor the `.env` file has the name: what the environment holds under it
    /// may be anybody's, and is shown to nobody.
    public let isForeign: Bool
    public init(text: String, origin: StrategyParameter.Origin, isForeign: Bool = false) {
        (self.text, self.origin, self.isForeign) = (text, origin, isForeign)
    }
}

/// What all scripts of a host are loaded with.
public struct ScriptSetting: Sendable {
    public var limits = ScriptLimits()
    public var bindings: [String: BoundValue] = [:]
    /// Values of `p` by the parameter's own name, for tests: they come before every binding and are checked
    /// against the same bounds.
    public var overrides: [String: PlainValue] = [:]
    /// SHA-256 as hexadecimal text; the bridge itself knows no hash.
    public let digest: @Sendable ([UInt8]) -> String
    public init(digest: @escaping @Sendable ([UInt8]) -> String) { self.digest = digest }
}

/// A strategy written in Lua, in a state of its own.
///
/// It belongs to one thread at a time: the loader makes it, the desk calls it.
public final class Script: Strategy {
    public private(set) var contract: StrategyContract
    /// The source and the includes it used.
    public let package: ScriptPackage
    private let box: ScriptBox
    private let limits: ScriptLimits
    private var log: ScriptLog
    /// Calls of its functions so far, those that `wake` or a missing function spared not counted.
    public private(set) var calls = 0
    private var stopCalls: [Int] = []
    /// Hears that the wall clock ended the call of this number: no replay could know.
    public var onClockStop: ((Script, Int) -> Void)?
    /// The clock ended a call of it halfway: what it changed until then no replay could repeat, so nothing of
    /// it is used any more.
    public private(set) var isBroken = false
    /// How long its calls took, of wall time; for people, nothing is decided by it.
    public private(set) var latency = CallLatency()
    /// The conditions of `wake`, unpacked: they are asked before every call.
    private let wake: [(place: Int, least: Double)]

    /// - Parameter runSeed: chosen by a run for its chance; a replay must be given the same. With the default
    ///   `math.random` depends on the version alone.
    /// - Throws: `ScriptReport` when it does not compile, does not fit the contract or passes a limit.
    public init(
        _ package: ScriptPackage, _ setting: ScriptSetting, runSeed: UInt64 = 0
    ) throws(ScriptReport) {
        let chunk = package.name + ".lua"
        try Self.checkShape(package, setting.limits)
        log = ScriptLog(most: setting.limits.logLines)
        // What is included is known only after the file has run: until then its own text is the seed.
        let early = Self.seed(runSeed, setting.digest(package.source))
        guard let box = ScriptBox(limits: setting.limits, seed: early) else {
            throw ScriptReport(place: chunk, message: "no memory for a Lua state", isHosts: true)
        }
        do throws(StrategyFault) {
            let used = try box.load(package.source, chunk: chunk, includes: package.library)
            let library = zip(package.library, used).filter(\.1).map(\.0)
            for part in library where part.bytes.count > setting.limits.sourceKiB << 10 {
                throw .broken("include: lib/\(part.name).lua \(setting.limits.tooLarge)")
            }
            self.package = ScriptPackage(name: package.name, source: package.source, library: library)
            let version = setting.digest(
                library.sorted { $0.name < $1.name }.reduce(package.source) {
                    $0 + [0] + Array($1.name.utf8) + [0] + $1.bytes
                })
            try box.seed(Self.seed(runSeed, version))
            var reader = ContractReader(
                name: package.name, version: version, setting: setting, hasMigrate: box.hasMigrate)
            contract = try reader.read(try box.contract())
            guard box.has(LB_SCORE) else { throw .broken("score is missing: it must be a function") }
            contract.hasChoose = box.has(LB_CHOOSE)
            contract.hasExit = box.has(LB_EXIT)
            try box.setParameters(reader.parameterTable)
            // What cannot be kept must be known before the first trade, not at the first reload.
            do throws(StrategyFault) { _ = try box.state() } catch { throw .broken(error.message) }
        } catch {
            let line =
                ContractPlace.written(in: error.message, chunk)
                ?? ContractPlace.line(of: error.message, in: package.source)
            let place = error.place ?? chunk + (line.map { ":\($0)" } ?? "")
            throw ScriptReport(place: place, message: error.message)
        }
        self.box = box
        limits = setting.limits
        wake = contract.wake.map { ($0.field.rawValue, $0.least) }
    }

    public func score(_ o: MarketView) -> ScoreAnswer {
        for condition in wake {
            guard o.present[condition.place], o.values[condition.place] >= condition.least else {
                guard o.isStrict, !o.present[condition.place] else { return .asleep }
                let name = MarketField.allCases[condition.place].name
                return .fault(traced(.broken("wake reads o.\(name) and the test does not set it"), .score))
            }
        }
        do throws(StrategyFault) {
            let began = try begin()
            defer {
                latency.add(since: began)
                log.add(box.takeLog(), at: o[.nowMs])
            }
            let answer = try box.call(LB_SCORE, o)
            return try Answers.score(answer)
        } catch { return .fault(traced(error, .score)) }
    }

    public func choose(_ o: MarketView) -> ChoiceAnswer {
        guard contract.hasChoose else { return .taker }
        do throws(StrategyFault) {
            let began = try begin()
            defer {
                latency.add(since: began)
                log.add(box.takeLog(), at: o[.nowMs])
            }
            let answer = try box.call(LB_CHOOSE, o)
            return try Answers.choice(answer) { () throws(StrategyFault) in try box.plan() }
        } catch { return .fault(traced(error, .choose)) }
    }

    public func exit(_ position: PositionView, _ o: MarketView) -> ExitAnswer {
        guard contract.hasExit else { return .hold }
        do throws(StrategyFault) {
            let began = try begin()
            defer {
                latency.add(since: began)
                log.add(box.takeLog(), at: o[.nowMs])
            }
            let answer = try box.call(LB_EXIT, o, position)
            return try Answers.exit(answer) { () throws(StrategyFault) in try box.plan() }
        } catch { return .fault(traced(error, .exit)) }
    }

    /// What a callback returns, value by value and unchecked, for a test to compare; `wake` is not asked.
    /// - Throws: what the call ran into, or that the script has no such function.
    public func raw(
        _ callback: StrategyCallback, _ o: MarketView, _ position: PositionView? = nil
    ) throws(StrategyFault) -> [PlainValue] {
        let called: lb_callback
        switch callback {
        case .score: called = LB_SCORE
        case .choose: called = LB_CHOOSE
        case .exit: called = LB_EXIT
        case .load, .migrate: throw .broken("\(callback.rawValue) is not called with a view")
        }
        guard box.has(called) else { throw .broken("\(callback.rawValue) is missing") }
        guard callback != .exit || position != nil else { throw .broken("exit needs a position") }
        do throws(StrategyFault) {
            let began = try begin()
            defer {
                latency.add(since: began)
                log.add(box.takeLog(), at: o[.nowMs])
            }
            return try box.raw(called, o, position)
        } catch { throw traced(error, callback) }
    }

    /// Says where in the script and in which version a fault was, and what the call had used.
    private func traced(_ fault: StrategyFault, _ callback: StrategyCallback) -> StrategyFault {
        var fault = fault
        if fault.kind == .wallClock {
            isBroken = true
            onClockStop?(self, calls)
        }
        if fault.place == nil, fault.kind == .contract {
            let called: lb_callback? =
                switch callback {
                case .score: LB_SCORE
                case .choose: LB_CHOOSE
                case .exit: LB_EXIT
                case .load, .migrate: nil
                }
            // An answer knows no line: the function it came from does.
            fault = StrategyFault(
                kind: fault.kind, place: called.flatMap { box.begins($0) }, message: fault.message,
                usage: fault.usage)
        }
        (fault.callback, fault.version) = (callback, contract.version)
        // An answer that does not fit is found after the call, by which time nobody counts.
        if fault.usage == nil, fault.kind == .contract {
            fault.usage = "\(box.steps) of \(limits.steps) steps"
        }
        return fault
    }

    /// Makes the call of that number end as the wall clock ended it in a recorded run: no replay could know.
    public func stop(atCall call: Int) { stopCalls.append(call) }

    /// - Returns: when the call begins.
    private func begin() throws(StrategyFault) -> UInt64 {
        calls += 1
        if !stopCalls.isEmpty, stopCalls.contains(calls) {
            throw StrategyFault(kind: .wallClock, place: nil, message: "stopped by the clock, as recorded")
        }
        return CallLatency.now
    }

    /// The script's `state` as bytes that `restore` takes.
    public func state() throws(StrategyFault) -> [UInt8] { try box.state() }

    /// Looks whether `state` could be kept as it is now.
    /// - Throws: what cannot, with the first line that names it.
    public func checkState() throws(ScriptReport) {
        do throws(StrategyFault) { _ = try box.state() } catch {
            let line = ContractPlace.line(of: error.message, in: package.source)
            throw ScriptReport(
                place: package.name + ".lua" + (line.map { ":\($0)" } ?? ""), message: error.message)
        }
    }

    /// Refuses what must not come to the compiler.
    private static func checkShape(
        _ package: ScriptPackage, _ limits: ScriptLimits
    ) throws(ScriptReport) {
        let chunk = package.name + ".lua"
        guard package.source.count <= limits.sourceKiB << 10 else {
            throw ScriptReport(place: chunk, message: limits.tooLarge)
        }
        try ChainRule.check(package.source, chunk, most: limits.chain)
        for part in package.library {
            try ChainRule.check(part.bytes, "lib/\(part.name).lua", most: limits.chain)
        }
    }

    /// Puts `state` back as it was, for a start or a replay of the same version.
    public func restore(state bytes: [UInt8]) throws(StrategyFault) { try box.setState(bytes) }

    /// Takes over the state of the version that runs; with another `state_version` it goes through `migrate`.
    /// - Throws: `ScriptReport`; the running version must then stay.
    public func takeOver(from old: Script) throws(ScriptReport) {
        do throws(StrategyFault) {
            guard !old.isBroken else { return }
            let bytes: [UInt8]
            do throws(StrategyFault) { bytes = try old.box.state() } catch {
                throw .broken(
                    "the running version has something in `state` that cannot be handed over ("
                        + error.message
                        + "); `neap reload \(package.name) --fresh` begins with the file's own")
            }
            guard PlainValue(encoded: bytes) != PlainValue.none else { return }
            guard contract.stateVersion != old.contract.stateVersion else { return try box.setState(bytes) }
            guard box.hasMigrate else {
                throw .broken(
                    "state_version went from \(old.contract.stateVersion) to \(contract.stateVersion): "
                        + "add S.migrate(state, from_version)")
            }
            try box.setState(bytes)
            do throws(StrategyFault) {
                try box.migrate(from: old.contract.stateVersion)
                _ = try box.state()
            } catch {
                // Lua itself begins the message of an error with its place.
                let place = error.place.map { $0 + ": " } ?? ""
                let said = error.message.hasPrefix(place) ? error.message.dropFirst(place.count) : ""
                throw StrategyFault(
                    kind: error.kind, place: error.place,
                    message: "migrate: " + (said.isEmpty ? error.message[...] : said))
            }
        } catch {
            let isOfFile = ["migrate", "state"].contains { error.message.hasPrefix($0) }
            let line = isOfFile ? ContractPlace.line(of: error.message, in: package.source) : nil
            let place = error.place ?? package.name + ".lua" + (line.map { ":\($0)" } ?? "")
            throw ScriptReport(place: place, message: error.message)
        }
    }

    /// What the script logged since this was last asked, and how many lines did not fit.
    public func takeLog() -> (lines: [ScriptLine], lost: Int) {
        log.add(box.takeLog(), at: nil)
        return log.take()
    }

    /// FNV-1a over the run's seed and a digest.
    private static func seed(_ runSeed: UInt64, _ digest: String) -> UInt64 {
        digest.utf8.reduce(14_695_981_039_346_656_037 ^ runSeed) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }

    /// A fingerprint of the order in which tables lie in memory, which each state chooses by time and
    /// addresses. No script can see it; two states that differ in it and agree in their answers prove so.
    public var tableOrder: UInt64 { box.tableOrder }

    /// Steps the last call used.
    public var steps: UInt64 { box.steps }

    /// Lua states that are open in this process: one for each script that somebody holds.
    public static var openStates: Int { ScriptBox.openCount }

    /// Bytes the state holds now.
    public var memory: Int { box.memory }
}
