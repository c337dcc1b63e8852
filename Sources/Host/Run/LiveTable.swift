import Core
import Glibc

/// The table of a run in a terminal: drawn over itself, never scrolled.
struct LiveTable {
    let mode: String

    /// One drawing; lines are cut at the terminal's width.
    func text(
        _ standing: Standing, shadows: [ShadowStanding] = [], seconds: Int64, log: [String],
        size: (rows: Int, columns: Int)
    ) -> String {
        var lines = [
            "neap \(mode)  \(Self.clock(seconds))  \(standing.state.rawValue)  equity "
                + "\(Self.money(standing.equity)) USD  profit \(Self.money(standing.profit.total)) USD  today "
                + "\(Self.money(standing.profitToday))",
            standing.recordsFault ?? "",
            Self.row(["pair", "spot", "perp", "mid %", "gross %", "net %", "even at", "by", "", "held"]),
        ]
        for pair in standing.pairs {
            lines.append(
                Self.row([
                    pair.base, Self.text(pair.spot?.mid), Self.text(pair.perp?.mid),
                    Self.percent(pair.midSpread), Self.percent(pair.gross), Self.percent(pair.best?.net),
                    Self.percent(pair.best?.breakeven), pair.best?.style.rawValue ?? "–",
                    pair.isFresh ? "" : "stale",
                    pair.holdings.map(Self.held).joined(separator: "; "),
                ]))
        }
        lines += [
            "",
            Self.scriptRow(["script", "version", "state", "calls", "entries", "exits", "faults", "net USD"]),
        ]
        for script in standing.scripts {
            lines.append(
                Self.scriptRow([
                    script.name, script.version,
                    script.probationLeft.map { "probation \($0)" } ?? script.state, String(script.calls),
                    String(script.entries),
                    String(script.exits), String(script.faults), Self.money(script.profit),
                ]))
        }
        for shadow in shadows {
            lines.append(
                "shadow \(shadow.name) \(shadow.version.prefix(12)): \(Self.money(shadow.profit)) USD on paper, "
                    + "running \(Self.money(shadow.runningProfit)); \(shadow.text)")
        }
        let counters = standing.counters
        let refusals = counters.reasons.rows.sorted { $0.count > $1.count }.prefix(4)
            .map { "\($0.reason.rawValue) \($0.count)" }.joined(separator: ", ")
        lines += [
            "",
            "rounds \(counters.rounds)  fills \(counters.fills)  orders \(counters.ordersSent)  denied "
                + "\(counters.ordersDenied)  rejected \(counters.ordersRejected)  hedges \(counters.hedges)",
            "why not: \(refusals)", "",
        ]
        lines += log.suffix(max(0, size.rows - lines.count - 2))
        lines.append("Ctrl-C stops: entries are cancelled, open legs repaired, hedged pairs kept.")
        let shown = lines.prefix(max(1, size.rows - 1)).map { String($0.prefix(size.columns)) + "\u{1B}[K" }
        return "\u{1B}[H" + shown.joined(separator: "\r\n") + "\u{1B}[J"
    }

    static func size() -> (rows: Int, columns: Int) {
        var window = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_row > 0 else { return (24, 80) }
        return (Int(window.ws_row), Int(window.ws_col))
    }

    private static func row(_ cells: [String]) -> String {
        zip(cells, [5, 11, 11, 7, 7, 7, 7, 9, 5, 0]).map { $0.padding(left: $1) }.joined(separator: " ")
    }

    private static func scriptRow(_ cells: [String]) -> String {
        zip(cells, [20, 12, 11, 9, 7, 7, 7, 10]).enumerated()
            .map { $0 < 3 ? $1.0.padding(to: $1.1) : $1.0.padding(left: $1.1) }.joined(separator: " ")
    }

    private static func held(_ holding: HoldingStanding) -> String {
        let net = holding.net.map { " \(money($0)) USD" } ?? ""
        return "\(holding.state.rawValue) \(holding.perp) \(holding.owner)\(net)"
    }

    private static func text(_ price: Price?) -> String { price?.description ?? "–" }
    private static func percent(_ value: Percent?) -> String {
        value.map { DecimalText.write(Int128($0.rounded(places: 3).raw), places: 8) } ?? "–"
    }
    /// Cents, for people; the summary has every digit.
    static func money(_ value: Money?) -> String {
        guard let value else { return "–" }
        let cents = quotient(value.raw, by: 10_000_000_000, .nearest)
        let digits = String(cents.magnitude)
        let whole = digits.count > 2 ? String(digits.dropLast(2)) : "0"
        let rest = String(repeating: "0", count: max(0, 2 - digits.count)) + digits.suffix(2)
        return (cents < 0 ? "-" : "") + whole + "." + rest.suffix(2)
    }

    private static func clock(_ seconds: Int64) -> String {
        let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60]
        return parts.map { String(100 + $0).suffix(2).description }.joined(separator: ":")
    }
}

extension Percent {
    fileprivate func rounded(places: Int) -> Percent {
        let unit = (places..<8).reduce(Int128(1)) { product, _ in product * 10 }
        return Percent(raw: Int64(quotient(Int128(raw), by: unit, .nearest) * unit))
    }
}
