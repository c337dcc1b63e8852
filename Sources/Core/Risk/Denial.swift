/// Why an opportunity was not followed: every refusal has one of these, a counter, and figures to show.
public enum Reason: String, Sendable, CaseIterable, Comparable {
    // Before the script is asked.
    case notReady = "not_ready", notActive = "not_active", scriptStopped = "script_stopped"
    case notSynced = "not_synced", crossed, staleBook = "stale_book", marketState = "market_state"
    case busy, held, pairOpposed = "pair_opposed", pairHeld = "pair_held", cooldown, losingRounds =
        "losing_rounds"
    case noIndex = "no_index", indexDeviation = "index_deviation", fundingGuard = "funding_guard"
    case noRoom = "no_room", belowMinimum = "below_minimum", thinBook = "thin_book", liquidity
    case borrow = "borrow_not_permitted"
    case bookWidth = "book_width", spreadSanity = "spread_sanity", stablecoin = "stablecoin_off_par"
    case utilisation = "lend_utilisation", staleAccount = "stale_account", liquidating =
        "account_liquidating"
    case venuePause = "venue_refused", hedgeRetries = "hedge_retries"
    // The script's own word.
    case asleep, scriptPassed = "script_passed", scriptFault = "script_fault"
    // After the script is asked.
    case confidence, netEdge = "net_edge", persist
    case maxPositionSize = "max_position_size", totalExposure = "max_total_exposure"
    case grossExposure = "max_gross_exposure", budget, dailyLoss = "max_daily_loss", feesPerDay =
        "max_fees_per_day"
    case equity = "min_account_balance", unhedged = "max_unhedged", unhedgedTime = "max_unhedged_time"
    case runway = "min_cash_runway", tradesPerDay = "max_trades_per_day", ordersPerSecond =
        "max_orders_per_second"
    case priceCollar = "price_collar", hedgeCollar = "hedge_collar", noBalance = "no_balance", margin
    case offGrid = "off_grid", aboveMaximum = "above_maximum", priceBand = "price_band"
    case repetition = "duplicate_order", postsPerMinute = "posts_per_minute"
    case entriesPerFill = "entries_per_fill", requestBudget = "request_budget"
    case lowRunway = "low_runway", sellsForDebts = "auto_borrow_off", liquidationRise =
        "liquidation_distance"
    case positionLimit = "venue_position_limit", openInterest = "venue_open_interest"
    case noPostPrice = "no_post_price", noIDs = "no_client_ids", wouldGrow = "would_grow"
    public static func < (a: Reason, b: Reason) -> Bool { a.rawValue < b.rawValue }
}

/// Our own no, before anything is sent: what was asked and what is allowed, in the unit of the reason.
public struct Denial: Sendable, Equatable, CustomStringConvertible {
    public let reason: Reason
    public let asked: String, allowed: String
    public init(_ reason: Reason, asked: String = "", allowed: String = "") {
        (self.reason, self.asked, self.allowed) = (reason, asked, allowed)
    }
    public var description: String {
        asked.isEmpty ? reason.rawValue : "\(reason.rawValue): \(asked) against \(allowed)"
    }
}

/// Counts by reason, in a fixed order.
public struct ReasonCounts: Sendable, Equatable {
    private var counts: [Int] = Array(repeating: 0, count: Reason.allCases.count)
    public init() {}
    public subscript(reason: Reason) -> Int {
        get { counts[ReasonCounts.place(reason)] }
        set { counts[ReasonCounts.place(reason)] = newValue }
    }
    /// Those that happened, by name.
    public var rows: [(reason: Reason, count: Int)] {
        Reason.allCases.sorted().compactMap { self[$0] > 0 ? ($0, self[$0]) : nil }
    }
    public var total: Int { counts.reduce(0, +) }
    private static let order = Reason.allCases.sorted()
    private static func place(_ reason: Reason) -> Int {
        var low = 0, high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle] < reason { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
