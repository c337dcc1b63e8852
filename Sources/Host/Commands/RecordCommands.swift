import ArgumentParser
import Core
import Foundation
import LuaBridge
import Records

/// Which run's records a command is about.
struct RecordOptions: ParsableArguments {
    @Argument(help: "The folder of a run; without it the last one of the data folder.")
    var folder: String?
    @Option(help: ArgumentHelp("Data folder of the host.", valueName: "dir"))
    var data: String?

    func find() throws(StartFault) -> RunFolder {
        try RunFolder(folder, data: data ?? ProcessInfo.processInfo.environment["DATA_DIR"] ?? "data")
    }
}

/// `neap export`.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write fills, orders, postings, rounds, settlements as files.",
        discussion: """
            One file for each table, with the columns of docs/records.md: CSV with a header row (RFC \
            4180), or one JSON array of objects, a row a line. Also while the host runs. A moment is a \
            date, such as 2026-11-24, a date and time of UTC, 2026-11-24T15:04:05.123Z, or milliseconds \
            since 1970.
            """)

    @OptionGroup var records: RecordOptions
    @Option(help: "csv or json.")
    var format = "csv"
    @Option(help: ArgumentHelp("Folder for the files; without it export/ in the run's.", valueName: "dir"))
    var output: String?
    @Option(
        name: .customLong("table"), parsing: .upToNextOption,
        help: ArgumentHelp("Only these tables.", valueName: "name"))
    var tables: [String] = []
    @Option(help: ArgumentHelp("Only rows from this moment on.", valueName: "moment"))
    var from: String?
    @Option(help: ArgumentHelp("Only rows before this moment.", valueName: "moment"))
    var to: String?
    @Flag(help: "Replace files that are there.")
    var force = false

    func validate() throws { _ = try export() }

    func run() throws {
        do {
            let run = try records.find(), folder = output ?? run.path + "/export"
            let outcome = try export().write(run, to: folder, replaces: force)
            for file in outcome.files { Terminal.say("\(file.path): \(file.rows) rows") }
            if outcome.mayLackRows {
                Terminal.complain(
                    "neap export: rows of this run are or may be missing; `neap rebuild \(run.path)` adds them"
                )
            }
        } catch let fault as StartFault {
            Terminal.complain("neap export: \(fault)")
            throw ExitCode(fault.code)
        }
    }

    private func export() throws -> RecordExport {
        guard let format = RecordExport.Format(rawValue: format) else {
            throw ValidationError("--format \(format): csv or json")
        }
        let known = RecordExport.tables
        let chosen = try tables.map { name in
            guard let table = known.first(where: { $0.name == name }) else {
                let names = known.map(\.name)
                throw ValidationError(
                    "--table \(name): is none of \(names.joined(separator: ", "))"
                        + Nearest.hint(name, among: names))
            }
            return table
        }
        let bounds = try [("--from", from), ("--to", to)].map { name, text in
            guard let text else { return nil as Timestamp? }
            guard let moment = UTCText.moment(text) else {
                throw ValidationError(
                    "\(name) \(text): a date (2026-11-24), date and time (2026-11-24T15:04:05Z) or "
                        + "milliseconds since 1970")
            }
            return moment
        }
        if let from = bounds[0], let to = bounds[1], from >= to {
            throw ValidationError("--from must be before --to")
        }
        var once: [RecordTable] = []
        for table in chosen where !once.contains(table) { once.append(table) }
        return RecordExport(
            format: format, tables: once.isEmpty ? known : once, from: bounds[0], to: bounds[1])
    }
}

/// `neap rebuild`.
struct RebuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Make a run's records.sqlite anew from its journal.",
        discussion: """
            Plays every journal of the folder again. The old file is replaced when the new one is whole, \
            and stays as it is when anything goes wrong or Ctrl-C is pressed. What no journal tells is \
            taken from it: steps of scripts that did not run, alerts, and rows of runs whose journals are \
            gone. The host must not run.
            """)

    @OptionGroup var records: RecordOptions

    func run() throws {
        Signals.block()
        do throws(StartFault) {
            let run = try records.find()
            let rebuild = Rebuild(
                run: run, tell: { Terminal.complain("neap rebuild: \($0)") },
                isStopped: { Signals.wait(milliseconds: 0).map { $0 != SIGUSR1 } ?? false })
            report(try rebuild.make(), run)
        } catch {
            Terminal.complain("neap rebuild: \(error)")
            throw ExitCode(error.code)
        }
    }

    private func report(_ outcome: Rebuild.Outcome, _ run: RunFolder) {
        for torn in outcome.torn {
            Terminal.complain(
                "neap rebuild: \(torn.path): the last record is cut short: \(torn.bytes) bytes are not used")
        }
        if let why = outcome.unreadable {
            let place = outcome.aside.map { "; it is \($0) now" } ?? ""
            Terminal.complain(
                "neap rebuild: the old file gave not everything that no journal tells: \(why)\(place)")
        }
        if outcome.carried > 0 {
            Terminal.complain(
                "neap rebuild: \(outcome.carried) rows that no journal here tells come from the old file")
        }
        let counts = outcome.counts.map { "\($0.rows) \($0.table)" }.joined(separator: ", ")
        Terminal.say("\(run.records): \(outcome.journals) journals, \(outcome.turns) turns: \(counts)")
    }
}
