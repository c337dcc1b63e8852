/// The limits that no variable sets, in one place, each with where it comes from.
///
/// Parts of one count 1.0 as 100 000 000. They bind entries; what reduces risk is never denied by them.
public enum FixedLimits {
    // MARK: The market

    /// Width of either book, percent of its mid (the pre-trade list: at most 0.5 %).
    public static let bookWidthMax = Percent(raw: 50_000_000)
    /// Perp mid against spot mid: more is taken for bad data, for entries only (the pre-trade list: 2 %).
    public static let midSpreadMax = Percent(raw: 2 * Percent.unit)
    /// How far USDT_USDC may be from par: USDC itself is what everything is counted in (FORMULAS 8).
    public static let stablecoinBand = Price(raw: 500_000)
    /// Borrowed part of the base's lending pool from which lent coins may not come back (FORMULAS 8).
    public static let utilisationMax = Percent(raw: 95_000_000)
    /// The index may be twice `PRICE_COLLAR` away: 0.5 % of mid, 1 % of index (FORMULAS E4).
    public static let indexCollarTimes: Int64 = 2
    /// How far out the last try of a hedge goes (FORMULAS E4): where the venue lets takers reach less, a pair
    /// could not be brought home.
    public static let hedgeReach = Percent(raw: 50_000_000)

    // MARK: The account

    /// Cash runway below which nothing is entered and a person is told (FORMULAS 6).
    public static let runwayLow = Percent(raw: 10_000_000)
    /// Cash runway that a carry must leave where the venue would sell coins for debts (FORMULAS 8).
    public static let runwayWithoutBorrowing = Percent(raw: 50_000_000)
    /// Rise of all prices that the account must survive after an entry (the pre-trade list: a 20 % move).
    public static let liquidationRiseMin = Percent(raw: 20_000_000)
    /// How much worse a fee rate or a weight must be for everything to be looked at anew (FORMULAS 8: 10 %).
    public static let worseBy = Percent(raw: 10 * Percent.unit)
    /// Reads of one kind that may bring nothing, one after the other, before their figure is not known.
    public static let missedReadsMax = 2
    /// How long entries stay away from what the venue itself refused for a limit or a pause.
    public static let refusalPause = TimeSpan.seconds(60)

    // MARK: Running away

    /// The same strategy, pair, side and quantity again within this is a repetition (the pre-trade list: 1
    /// s).
    public static let repetitionWithin = TimeSpan.seconds(1)
    /// Hedges of a pair within an hour that had to be tried again: from so many on it is on hold (FORMULAS
    /// 8).
    public static let hedgeRetriesMax = 5
    public static let hedgeRetriesWithin = TimeSpan.seconds(3600)
    /// Posts a minute: of one strategy in one pair, and of all (FORMULAS 8 names the control, no figure). A
    /// post that follows a normal market moves about 30 times a minute; all together may take 600 of the
    /// 1,600 requests that entries have.
    public static let postsPerMinuteMax = 60, allPostsPerMinuteMax = 300
    /// Taker entries of a UTC day for one fill of such an entry (FORMULAS 8 names the control, no figure): a
    /// missed entry costs nothing and so is counted by no other limit.
    public static let entriesPerFillMax = 100
    /// Requests a minute that are left to entries: the venue's 2,000 less a fifth (FORMULAS E14).
    public static let requestsPerMinuteMax = 1600
    /// What an entry asks for at once, both orders and what follows them until they are over.
    public static let requestsOfEntry = 4
}
