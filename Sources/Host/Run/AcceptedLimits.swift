import Core
import Gateway
import Logging

/// The limits that live trading was accepted with, beside the blocks of client order ids.
///
/// A start with one of them raised needs a person to say so a second time; what is tighter holds at once and
/// becomes what is accepted.
struct AcceptedLimits: Sendable {
    let path: String

    init(folder: String) { path = folder + "/accepted-limits" }

    private static let head =
        "# The limits that live trading was accepted with. `neap accept-limits` changes them.\n"
    private static let seal = "sha256="

    /// - Returns: `nil` when no live run has begun here yet.
    /// - Throws: when the file cannot be believed.
    func read() throws(StartFault) -> LimitTable? {
        guard let bytes = try smallFile(path) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self), text.hasPrefix(Self.head),
            let table = Self.table(text.dropFirst(Self.head.count))
        else {
            throw StartFault(
                "\(path): does not hold the limits that were accepted, so nobody can say whether one was raised; "
                    + "look at every limit, then `neap accept-limits` stores them anew")
        }
        return table
    }

    private static func table(_ text: Substring) -> LimitTable? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 2, lines.last == "", lines[lines.count - 2].hasPrefix(seal),
            let table = LimitTable(text: lines.dropLast(2).map { $0 + "\n" }.joined()),
            table.hash == lines[lines.count - 2].dropFirst(seal.count)
        else { return nil }
        return table
    }

    func store(_ table: LimitTable) throws(StartFault) {
        try replaceFile(path, Array((Self.head + table.text + Self.seal + table.hash + "\n").utf8))
    }

    /// The start of a run: the table's hash goes into the log, and in live nothing begins with a limit
    /// raised.
    /// - Parameter isUnwritable: nothing is stored; what is tighter holds all the same, for this run.
    /// - Throws: the list of what was raised and what to do.
    static func begin(
        _ plan: RunPlan, folder: String, isUnwritable: Bool = false, _ logger: Logger
    ) throws(StartFault) {
        let table = LimitTable(plan.configuration.limits)
        logger.info("Limits \(table.hash)")
        guard plan.mode == .live else { return }
        let stored = AcceptedLimits(folder: folder)
        guard let accepted = try stored.read() else {
            if isUnwritable { return }
            try stored.store(table)
            logger.notice(
                "The limits of this first live run are accepted; a later start with one of them raised stops")
            return
        }
        let differences = table.differences(from: accepted)
        let raised = differences.filter(\.isRaised)
        guard raised.isEmpty else {
            throw StartFault(
                (["limits were raised since they were accepted:"] + raised.map { "  " + $0.text }
                    + ["`neap accept-limits` with the same --env and --data accepts them"])
                    .joined(separator: "\n"))
        }
        guard accepted != table else { return }
        if !isUnwritable { try stored.store(table) }
        for difference in differences { logger.notice("Tighter from now on: \(difference.text)") }
    }
}
