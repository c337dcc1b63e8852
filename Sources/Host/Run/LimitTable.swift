import Core
import Gateway

/// Every limit that a person sets, as it stands in a configuration: named as its variable, exact, and with
/// the direction in which it becomes looser.
///
/// One switch for all of them: what may happen to an account is this table and `FixedLimits`, nothing else.
struct LimitTable: Sendable, Equatable {
    struct Row: Sendable, Equatable {
        /// The variable; for a script's budget with the script's name behind a point.
        let name: String
        /// In the finest step of the variable.
        let value: Int128
        let text: String
    }
    let rows: [Row]

    init(_ limits: RiskLimits) {
        var rows = Self.plain.map { limit in
            let value = limit.value(limits)
            return Row(name: limit.name, value: value, text: limit.text(value))
        }
        for own in limits.inventory.sorted(by: { $0.asset < $1.asset }) {
            let name = Variable.inventoryPrefix + own.asset.symbol
            rows.append(Row(name: name, value: Int128(own.quantity.raw), text: own.quantity.description))
        }
        for budget in limits.budgets.sorted(by: { $0.script < $1.script }) {
            let name = Self.budgetPrefix + budget.script
            rows.append(Row(name: name, value: budget.amount.raw, text: budget.amount.description))
        }
        self.rows = rows
    }

    private init(rows: [Row]) { self.rows = rows }

    static let budgetPrefix = "SCRIPT_BUDGETS."

    // MARK: Looser and tighter

    /// What differs between two tables.
    struct Difference: Sendable, Equatable {
        let name: String
        let accepted: String, now: String
        let isRaised: Bool
        var text: String { "\(name): accepted \(accepted), now \(now)" }
    }

    /// What differs from what was accepted. A limit that the accepted table does not know yet is held against
    /// its default, coins against none, and a script without a budget has the total.
    func differences(from accepted: LimitTable) -> [Difference] {
        let standard = LimitTable(RiskLimits())
        var names = rows.map(\.name)
        for row in accepted.rows where !names.contains(row.name) && Self.isKnown(row.name) {
            names.append(row.name)
        }
        return names.compactMap { name in
            let before = accepted.effective(name, standard), now = effective(name, standard)
            guard before.value != now.value else { return nil }
            let isRaised = Self.isLeast(name) ? now.value < before.value : now.value > before.value
            return Difference(name: name, accepted: before.text, now: now.text, isRaised: isRaised)
        }
    }

    private func effective(_ name: String, _ standard: LimitTable) -> Row {
        if let row = rows.first(where: { $0.name == name }) { return row }
        if name.hasPrefix(Self.budgetPrefix) { return effective("MAX_TOTAL_EXPOSURE", standard) }
        return standard.rows.first { $0.name == name } ?? Row(name: name, value: 0, text: "0")
    }

    private static func isLeast(_ name: String) -> Bool { plain.first { $0.name == name }?.isLeast ?? false }

    private static func isKnown(_ name: String) -> Bool {
        plain.contains { $0.name == name } || name.hasPrefix(Variable.inventoryPrefix)
            || name.hasPrefix(budgetPrefix)
    }

    // MARK: As text

    /// `NAME=value` lines in the order of the table.
    var text: String { rows.map { "\($0.name)=\($0.text)\n" }.joined() }

    /// SHA-256 of the text, hexadecimal.
    var hash: String { Digest.sha256(Array(text.utf8)) }

    /// - Returns: `nil` when a line is none, or a value does not fit its limit. A name that this program does
    /// not
    ///   know is kept as zero and compared with nothing.
    init?(text: String) {
        var rows: [Row] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            guard let sign = line.firstIndex(of: "="), sign > line.startIndex else { return nil }
            let name = String(line[..<sign]), shown = String(line[line.index(after: sign)...])
            guard !rows.contains(where: { $0.name == name }), let value = Self.read(name, shown) else {
                return nil
            }
            rows.append(Row(name: name, value: value, text: shown))
        }
        guard text.hasSuffix("\n"), !rows.isEmpty else { return nil }
        self.init(rows: rows)
    }

    private static func read(_ name: String, _ text: String) -> Int128? {
        if let limit = plain.first(where: { $0.name == name }) { return limit.read(text) }
        if name.hasPrefix(Variable.inventoryPrefix) {
            return DecimalText.parse(text, places: Quantity.places)
        }
        if name.hasPrefix(budgetPrefix) { return DecimalText.parse(text, places: Money.places) }
        return 0
    }
}

// MARK: The table

/// A limit with a name of its own.
private struct PlainLimit: Sendable {
    let name: String
    /// Digits after the point; a flag has none and is 0 or 1.
    let places: Int
    /// Looser when it is smaller.
    var isLeast = false
    var isFlag = false
    let value: @Sendable (RiskLimits) -> Int128

    func text(_ value: Int128) -> String {
        isFlag ? (value == 0 ? "false" : "true") : DecimalText.write(value, places: places)
    }

    func read(_ text: String) -> Int128? {
        guard isFlag else { return DecimalText.parse(text, places: places) }
        return text == "true" ? 1 : text == "false" ? 0 : nil
    }
}

extension LimitTable {
    /// In the order of the variables. A new variable that sets a limit belongs here; a test compares the two.
    private static let plain: [PlainLimit] = [
        usd("MAX_POSITION_SIZE") { $0.positionSizeMax }, usd("POSITION_SIZE_USD") { $0.positionSize },
        usd("MAX_TOTAL_EXPOSURE") { $0.totalExposureMax }, usd("MAX_GROSS_EXPOSURE") { $0.grossExposureMax },
        usd("MAX_DAILY_LOSS") { $0.dailyLossMax }, usd("MAX_FEES_PER_DAY") { $0.feesPerDayMax },
        usd("MIN_ACCOUNT_BALANCE", isLeast: true) { $0.equityMin },
        usd("MAX_UNHEDGED_USD") { $0.unhedgedMax },
        span("MAX_UNHEDGED_SECONDS") { $0.unhedgedTimeMax },
        // Kept as percent: 20 % is written 0.20.
        PlainLimit(name: "MIN_CASH_RUNWAY", places: 10, isLeast: true) { Int128($0.runwayMin.raw) },
        count("MAX_TRADES_PER_DAY") { $0.tradesPerDayMax },
        count("MAX_ORDERS_PER_SECOND") { $0.ordersPerSecondMax },
        count("LOSING_ROUNDS_MAX") { $0.losingRoundsMax },
        percent("PRICE_COLLAR") { $0.priceCollar }, percent("HEDGE_COLLAR") { $0.hedgeCollar },
        percent("MIN_NET_EDGE", isLeast: true) { $0.netEdgeMin },
        PlainLimit(name: "CONFIDENCE_THRESHOLD", places: 2, isLeast: true) { Int128($0.confidenceMin) },
        milliseconds("BOOK_AGE_MAX_MS") { $0.bookAgeMax },
        milliseconds("MIN_PERSIST_MS", isLeast: true) { $0.persistMin },
        percent("INDEX_DEVIATION_MAX") { $0.indexDeviationMax },
        span("COOLDOWN_SECONDS", isLeast: true) { $0.cooldown },
        span("LOSS_COOLDOWN_SECONDS", isLeast: true) { $0.lossCooldown },
        span("FUNDING_GUARD_S", isLeast: true) { $0.fundingGuard },
        PlainLimit(name: "ALLOW_BORROW", places: 0, isFlag: true) { $0.allowBorrow ? 1 : 0 },
    ]

    private static func usd(
        _ name: String, isLeast: Bool = false, _ read: @escaping @Sendable (RiskLimits) -> Money
    ) -> PlainLimit {
        PlainLimit(name: name, places: Money.places, isLeast: isLeast) { read($0).raw }
    }

    private static func percent(
        _ name: String, isLeast: Bool = false, _ read: @escaping @Sendable (RiskLimits) -> Percent
    ) -> PlainLimit {
        PlainLimit(name: name, places: Percent.places, isLeast: isLeast) { Int128(read($0).raw) }
    }

    private static func count(
        _ name: String, _ read: @escaping @Sendable (RiskLimits) -> Int
    ) -> PlainLimit {
        PlainLimit(name: name, places: 0) { Int128(read($0)) }
    }

    private static func span(
        _ name: String, isLeast: Bool = false, _ read: @escaping @Sendable (RiskLimits) -> TimeSpan
    ) -> PlainLimit {
        PlainLimit(name: name, places: 6, isLeast: isLeast) { Int128(read($0).microseconds) }
    }

    private static func milliseconds(
        _ name: String, isLeast: Bool = false, _ read: @escaping @Sendable (RiskLimits) -> TimeSpan
    ) -> PlainLimit {
        PlainLimit(name: name, places: 3, isLeast: isLeast) { Int128(read($0).microseconds) }
    }

    /// The names of all that have a variable of their own.
    static let names = plain.map(\.name)
}
