/// What the market of a pair must be like for an entry, beside prices. Absent is `nil` and denies.
public struct MarketCondition: Sendable {
    /// What the venue lets happen in either market.
    public var spotState: BookState?, perpState: BookState?
    /// Width of either book, percent of its mid.
    public var spotWidth: Percent?, perpWidth: Percent?
    /// Perp mid over spot mid, percent, signed.
    public var midSpread: Percent?
    public var stablecoin = Stablecoin.unknown
    /// Whether the account lends what is free by itself, and the borrowed part of the base's pool.
    public var lendsFreely: Bool?, utilisation: Percent?
    public init() {}
}

/// What USDC is worth, seen in the market against USDT.
public enum Stablecoin: Sendable, Equatable {
    /// The venue has no such market.
    case notListed
    case mid(Price)
    /// Listed, and not open, without a price or not read.
    case unknown
}

/// What the account must be like for an entry in a pair, beside money. Absent is `nil` and denies.
public struct AccountCondition: Sendable {
    /// Reads of account, balances, margin or positions that brought nothing, one after the other: the most.
    public var missedReads: Int?
    public var isLiquidating: Bool?
    /// How long entries still stay away from what the venue refused; zero when they do not.
    public var pause = TimeSpan.zero
    /// Hedges of the pair that had to be tried again within the hour.
    public var hedgeRetries = 0, hedgeRetriesMax = FixedLimits.hedgeRetriesMax
    public init() {}
}

extension RiskGate {
    /// Reviews what the market of a pair is like; also before a script is asked.
    static func denial(_ market: MarketCondition) -> Denial? {
        for state in [market.spotState, market.perpState] where state != .open {
            return Denial(
                .marketState,
                asked: state.map { $0 == .unknown ? "a state we do not know" : $0.rawValue }
                    ?? "a state not read", allowed: BookState.open.rawValue)
        }
        for width in [market.spotWidth, market.perpWidth] {
            guard let width, width <= FixedLimits.bookWidthMax else {
                return Denial(
                    .bookWidth, asked: width.map { "\($0) %" } ?? "no width",
                    allowed: "\(FixedLimits.bookWidthMax) %")
            }
        }
        guard let spread = market.midSpread, abs(spread.raw) <= FixedLimits.midSpreadMax.raw else {
            return Denial(
                .spreadSanity, asked: market.midSpread.map { "\($0) %" } ?? "no spread",
                allowed: "\(FixedLimits.midSpreadMax) %")
        }
        return stablecoinDenial(market.stablecoin) ?? lendingDenial(market)
    }

    private static func stablecoinDenial(_ stablecoin: Stablecoin) -> Denial? {
        let allowed = "1 ± \(FixedLimits.stablecoinBand)"
        guard isOffPar(stablecoin) else { return nil }
        if case .mid(let mid) = stablecoin {
            return Denial(.stablecoin, asked: "\(mid)", allowed: allowed)
        }
        return Denial(.stablecoin, asked: "no price", allowed: allowed)
    }

    /// What is not known is not at par.
    static func isOffPar(_ stablecoin: Stablecoin) -> Bool {
        switch stablecoin {
        case .notListed: false
        case .unknown: true
        case .mid(let mid): abs(mid.raw - Percent.unit) > FixedLimits.stablecoinBand.raw
        }
    }

    /// A cost that grew by more than a tenth of what it was; a rebate that shrank, likewise.
    static func isWorse(cost old: Percent, than new: Percent) -> Bool {
        isMoreThan(FixedLimits.worseBy, new.raw - old.raw, of: old)
    }

    /// A worth that shrank by more than a tenth of what it was.
    static func isWorse(worth old: Percent, than new: Percent) -> Bool {
        isMoreThan(FixedLimits.worseBy, old.raw - new.raw, of: old)
    }

    private static func isMoreThan(_ part: Percent, _ change: Int64, of whole: Percent) -> Bool {
        Int128(change) * 10_000_000_000 > Int128(abs(whole.raw)) * Int128(part.raw)
    }

    /// Coins that are lent as soon as they are bought might not come back for the exit.
    private static func lendingDenial(_ market: MarketCondition) -> Denial? {
        let allowed = "below \(FixedLimits.utilisationMax)"
        guard let lends = market.lendsFreely else {
            return Denial(.utilisation, asked: "a switch not read", allowed: allowed)
        }
        guard lends else { return nil }
        guard let used = market.utilisation, used < FixedLimits.utilisationMax else {
            return Denial(
                .utilisation, asked: market.utilisation.map { "\($0)" } ?? "no utilisation", allowed: allowed)
        }
        return nil
    }

    /// Reviews what the account is like; also before a script is asked.
    static func denial(_ account: AccountCondition) -> Denial? {
        guard let missed = account.missedReads, missed <= FixedLimits.missedReadsMax else {
            return Denial(
                .staleAccount, asked: account.missedReads.map { "\($0) reads missed" } ?? "not read",
                allowed: "\(FixedLimits.missedReadsMax)")
        }
        guard account.isLiquidating == false else {
            let told = account.isLiquidating == nil ? "not read" : "liquidating"
            return Denial(.liquidating, asked: told, allowed: "an account that is not")
        }
        if account.pause > .zero {
            return Denial(
                .venuePause, asked: "\(account.pause.milliseconds) ms too early",
                allowed: "\(FixedLimits.refusalPause.milliseconds) ms after a refusal")
        }
        if account.hedgeRetries >= account.hedgeRetriesMax {
            return Denial(
                .hedgeRetries, asked: "\(account.hedgeRetries) in an hour",
                allowed: "\(account.hedgeRetriesMax - 1)")
        }
        return nil
    }
}
