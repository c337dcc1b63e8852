import Core
import Exchange
import Gateway
import Journal
import LuaBridge
import Wire

/// Everything that can be said of a strategy without a running host.
struct ScriptCheck {
    let file: String
    private var name: String { String((file.split(separator: "/").last ?? "").dropLast(4)) }
    private let seconds: Int64
    private(set) var version: String?
    private(set) var tests = 0
    private(set) var rehearsal: Rehearsal?
    /// Pairs that were played on the market of another, and those that were not played.
    private(set) var standIns = StandIns.none
    private(set) var reports: [ScriptReport] = []
    private var sources: [String: [UInt8]] = [:]

    /// The built-in stretch of market, seconds.
    static let stretch: Int64 = 600

    /// - Parameters:
    ///   - limits: what every script may use; `own`: what single ones may.
    ///   - seconds: how much of the built-in market it is rehearsed on.
    init(
        _ file: String, limits: ScriptLimits = ScriptLimits(), own: OwnLimits = OwnLimits(),
        seconds: Int64 = ScriptCheck.stretch
    ) {
        (self.file, self.seconds) = (file, seconds)
        let maker = ScriptMaker(limits: limits, own: own, bindings: [:])
        let package: ScriptPackage, unreadable: [ScriptReport]
        do throws(ScriptReport) {
            (package, unreadable) = try ScriptFolder.package(file, mostKiB: maker.largestSourceKiB)
        } catch {
            reports.append(error)
            return
        }
        sources[package.name + ".lua"] = package.source
        for part in package.library { sources["lib/\(part.name).lua"] = part.bytes }
        let script: Script
        do throws(ScriptReport) { script = try maker.make(package) } catch {
            // A file that cannot be included is not there for the script; why not is what helps.
            reports = [error] + unreadable
            return
        }
        version = script.contract.version
        reports = FieldCheck.reports(on: package, parameters: script.contract.parameters.map(\.name))
        runTests(package, maker)
        guard reports.isEmpty else { return }
        do throws(ScriptReport) {
            let exits = try DryRun.check(package, maker, state: nil)
            standIns = StandIns(script.contract.pairs)
            if let pairs = script.contract.pairs, standIns.left.count == pairs.count {
                throw ScriptReport(
                    place: package.name + ".lua",
                    message: "pairs: none of \(pairs.joined(separator: ", ")) can be rehearsed; it was not")
            }
            rehearsal = try rehearse(package, maker, exitsRehearsed: exits)
        } catch { reports.append(error) }
    }

    /// `tests/NAME_test.lua` beside the file, or beside its folder.
    private mutating func runTests(_ package: ScriptPackage, _ maker: ScriptMaker) {
        let folder = ScriptFolder.folder(of: file)
        for home in ["\(folder)/tests", "\(folder)/../tests"] {
            let path = "\(home)/\(package.name)_test.lua"
            let source: [UInt8]?
            do throws(StartFault) { source = try smallFile(path) } catch {
                reports.append(ScriptReport(place: path, message: error.description))
                return
            }
            guard let source else { continue }
            let name = "tests/\(package.name)_test.lua"
            let text = ScriptFolder.withoutMark(source)
            sources[name] = text
            do throws(ScriptReport) {
                let run = try ScriptTestRun(
                    package, tests: text, named: name, maker.setting(of: package.name))
                tests = run.cases
                reports += run.reports
            } catch { reports.append(error) }
            return
        }
    }

    private func rehearse(
        _ package: ScriptPackage, _ maker: ScriptMaker, exitsRehearsed: Bool
    ) throws(ScriptReport) -> Rehearsal {
        let limits = GeneratedMarket.limits
        let market = GeneratedMarket(seconds: seconds, limits: limits)
        let plan = PaperPlan(
            instruments: market.catalogue.instruments, pairs: market.pairs, limits: limits)
        let bench = try PaperBench(
            package, running: nil, maker, plan, from: market.picture, tape: market, standIns: standIns)
        let until = MonotonicClock.microseconds() + ScriptLoader.longestRehearsal
        return try Rehearsal(
            bench, pairs: market.pairs.count, exitsRehearsed: exitsRehearsed,
            isLongEnough: { MonotonicClock.microseconds() >= until })
    }

    var isGood: Bool { reports.isEmpty }

    /// For people.
    var lines: [String] {
        guard reports.isEmpty else { return reports.flatMap(lines) }
        var words = ["version \(version?.prefix(12) ?? "")"]
        words.append(tests == 0 ? "no tests" : "\(tests) tests")
        if let side = rehearsal?.new {
            words.append(
                "\(seconds / 60) min of generated market: \(side.calls) calls, would enter "
                    + "\(side.entries), exit \(side.exits), most steps \(side.stepsText)"
            )
        }
        var lines = ["\(file): good", "  " + words.joined(separator: ", ")]
        if !standIns.list.isEmpty {
            let list = standIns.list.map { "\($0.pair) on that of \($0.market)" }.joined(separator: ", ")
            lines.append("  pairs that the generated market has not: \(list)")
        }
        if !standIns.left.isEmpty {
            lines.append(
                "  NOT rehearsed, for want of a market to play them on: \(standIns.left.joined(separator: ", "))"
            )
        }
        if rehearsal?.new.calls == 0 {
            lines.append("  NOT called: nothing on this stretch reached its `wake`")
        }
        return lines
    }

    /// Place and message, then the line itself with a mark under what is meant.
    private func lines(_ report: ScriptReport) -> [String] {
        let parts = report.place.split(separator: ":")
        guard parts.count == 2, let number = Int(parts[1]), let source = sources[String(parts[0])] else {
            let isOwn = report.place.split(separator: "/").last == file.split(separator: "/").last
            return [isOwn ? "\(file): \(report.message)" : "\(report)"]
        }
        let isTest = parts[0].hasPrefix("tests/")
        let report = report.naming(name)
        let place = isTest || parts[0].hasPrefix("lib/") ? report.place : "\(file):\(number)"
        let all = String(decoding: source, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard all.indices.contains(number - 1) else { return ["\(place): \(report.message)"] }
        let line = String(all[number - 1].replacing("\t", with: " "))
        var lines = ["\(place): \(report.message)", "  \(String(number).padding(left: 5)) | \(line)"]
        if let mark = Self.mark(report.message, line) {
            lines.append(
                "        | " + String(repeating: " ", count: mark.at)
                    + String(repeating: "^", count: mark.count))
        }
        return lines
    }

    /// The first word of the message that stands in the line.
    private static func mark(_ message: String, _ line: String) -> (at: Int, count: Int)? {
        let words = message.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            .filter { $0.count > 2 && !["the", "not", "has", "and", "field", "params"].contains($0) }
        for word in words {
            guard let range = line.firstRange(of: word) else { continue }
            return (line.distance(from: line.startIndex, to: range.lowerBound), word.count)
        }
        return nil
    }
}
