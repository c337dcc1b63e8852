/// Reads that are asked again and again, of which so many may go wrong before their figures are not known.
/// The first four are what the account has.
enum VenueRead: Int, CaseIterable {
    case account, capital, collateral, positions
    case markets, lending, openInterest, stablecoin, borrowRoom

    init?(_ request: Request) {
        switch request {
        case .account: self = .account
        case .capital: self = .capital
        case .collateral: self = .collateral
        case .positions: self = .positions
        case .markets: self = .markets
        case .lendingMarkets: self = .lending
        case .openInterest: self = .openInterest
        case .bestLevels: self = .stablecoin
        case .borrowRoom: self = .borrowRoom
        default: return nil
        }
    }
}

/// What the venue says of itself beside books and balances, and what was counted for the controls of a minute
/// and of a day.
struct VenueWatch: Sendable {
    var nextPoll: Timestamp?, nextLook: Timestamp?, nextStateAsk: Timestamp?
    var polls = 0
    /// By `VenueRead`: reads that brought nothing, one after the other.
    var missed = Array(repeating: 0, count: VenueRead.allCases.count)
    /// The market of USDT, if the venue lists it, and its mid as last read.
    var stablecoin: InstrumentID?, stablecoinMid: Price?
    var lending: [LendingMarket]?
    var collateralTerms: [CollateralTerms] = []
    var borrowRooms: [(asset: Asset, room: Quantity)] = []
    /// Until when the venue's own no keeps all entries away.
    var pausedUntil: Timestamp?
    var requests = MinuteCount()
    /// The best weights seen since the last alarm.
    var weights: [AssetWeight] = []
    /// People were told of it, and it has not passed.
    var toldOfRunway = false, toldOfStablecoin = false
    /// By holding: the entry that was let in last.
    var lastEntries: [PastEntry?] = []
    var takes = TakeCount()

    /// The most of those without which nobody knows what the account has.
    var missedOfAccount: Int {
        var most = 0
        for read in VenueRead.account.rawValue...VenueRead.positions.rawValue {
            most = max(most, missed[read])
        }
        return most
    }
}

/// How many within the last minute, in whole seconds: never too few.
struct MinuteCount: Sendable {
    private var slots = Array(repeating: 0, count: 61)
    private var second: Int64 = 0

    mutating func add(at now: Timestamp) {
        advance(to: now)
        slots[Int(second % 61)] += 1
    }

    mutating func count(at now: Timestamp) -> Int {
        advance(to: now)
        return slots.reduce(0, +)
    }

    private mutating func advance(to now: Timestamp) {
        let next = now.microseconds / 1_000_000
        guard next > second else { return }
        for step in 1...min(61, next - second) { slots[Int((second + step) % 61)] = 0 }
        second = next
    }
}
