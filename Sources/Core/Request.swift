/// The engine's name for one request, given in order; it ties the answer to the question.
public struct RequestID: Hashable, Comparable, Sendable {
    public let raw: Int64
    public init(raw: Int64) { self.raw = raw }
    public static func < (a: RequestID, b: RequestID) -> Bool { a.raw < b.raw }
}

/// What a turn asks of the outside world.
public struct Command: Sendable, Equatable {
    public let id: RequestID
    public let request: Request
    public init(id: RequestID, request: Request) { (self.id, self.request) = (id, request) }
}

public enum Request: Sendable, Equatable {
    case submit(Order)
    /// In array order; the venue answers each by itself, it is not atomic.
    case submitBatch([Order])
    case cancel(InstrumentID, ClientOrderID)
    case cancelAll(InstrumentID)
    /// Whether an order still rests; `missing` when it does not.
    case orderState(InstrumentID, ClientOrderID)
    case openOrders
    /// A whole book, to start or restart one.
    case depth(InstrumentID)
    case account, capital, collateral, positions
    case markPrices, markets, serverTime
    /// What one market lets happen now; the list of all may be minutes old (PROTOCOL 3.2).
    case market(InstrumentID)
    /// Rates, utilisation and room of lending, by asset.
    case lendingMarkets
    /// How much of an asset this account could borrow now.
    case borrowRoom(Asset)
    /// What assets count as collateral, by size.
    case collateralTerms
    /// Contracts that all users of the venue have open, by perp.
    case openInterest
    /// The best levels of a book that nobody here follows.
    case bestLevels(InstrumentID)
    /// Executions from a moment on, oldest first; `offset` pages.
    case fills(from: Timestamp, offset: Int)
    /// Funding payments, newest first.
    case fundingPayments(offset: Int)
    /// Interest on what is lent and borrowed, newest first.
    case interestPayments(offset: Int)
    /// What is lent and borrowed, by asset.
    case borrowLendPositions
    /// Deposits, or withdrawals, that began at that moment or later.
    case outsideTransfers(OutsideTransfer.Kind, from: Timestamp, offset: Int)
    /// The names under which this account's orders went, by the history of orders or of executions, newest
    /// first; of all markets, known here or not.
    case formerOrders(OrderHistory, offset: Int)
    /// Settled rates of a perp, newest first.
    case fundingRates(InstrumentID, limit: Int)

    /// True for orders, alone or as a batch.
    public var placesOrders: Bool {
        switch self {
        case .submit, .submitBatch: true
        default: false
        }
    }

    /// True for what may change orders at the venue: sent at most once, lost answers are `unknown`.
    public var changesState: Bool {
        switch self {
        case .submit, .submitBatch, .cancel, .cancelAll: true
        default: false
        }
    }
}

/// What came back.
public enum Reply: Sendable, Equatable {
    case order(OrderUpdate)
    /// One per order of a batch, in request order.
    case batch([OrderAnswer])
    /// Cancelled orders; empty is an answer too.
    case orders([OrderUpdate])
    /// A 202: taken, not done.
    case acceptedOnly
    case depth(bids: [Level], asks: [Level], sequence: Int64)
    case account(AccountFacts)
    case balances([BalanceUpdate])
    case collateral(CollateralFacts)
    case positions([PositionUpdate])
    case marks([MarkRow])
    case markets([Instrument], skipped: [String])
    case market(BookState)
    case lendingMarkets([LendingMarket])
    case borrowRoom(Quantity)
    case collateralTerms([CollateralTerms])
    case openInterest([OpenInterest])
    case serverTime(Timestamp)
    case fills([Fill])
    /// A whole page of which some rows are of markets that are not known here: `listed` counts all.
    case fillsPage([Fill], listed: Int)
    case fundingPayments([FundingPayment])
    case interestPayments([InterestPayment])
    case borrowLendPositions([BorrowLendPosition])
    case outsideTransfers([OutsideTransfer])
    case formerOrders([FormerOrder])
    case fundingRates([SettledRate])
    /// The venue said no: surely not done.
    case refused(Refusal)
    /// Surely never reached the venue.
    case notSent(String)
    /// The answer is lost: it may have been done.
    case unknown(String)
}

public enum OrderAnswer: Sendable, Equatable { case done(OrderUpdate), refused(Refusal) }

/// A history that tells the names of orders.
public enum OrderHistory: String, Sendable, CaseIterable { case orders, fills }

/// What an order of this account was called.
public struct FormerOrder: Sendable, Equatable {
    /// `nil` for one without a client order id.
    public let id: ClientOrderID?
    /// When it was made, or executed.
    public let at: Timestamp
    public init(id: ClientOrderID?, at: Timestamp) { (self.id, self.at) = (id, at) }
}

/// The venue's no, in its own code and words.
public struct Refusal: Sendable, Equatable {
    /// HTTP status; 200 for one order of a batch.
    public let status: Int
    public let code: String, message: String
    public init(status: Int, code: String, message: String) {
        (self.status, self.code, self.message) = (status, code, message)
    }
}

/// Fees and switches of the account; rates in percent (10 bp is 0.10 %).
public struct AccountFacts: Sendable, Equatable {
    public let fees: FeeRates
    public let leverageLimit: Money
    public let autoLend: Bool, liquidating: Bool
    /// Debts are met by borrowing USDC before coins are sold for it; `nil` when the venue did not tell.
    public let borrowsToSettle: Bool?
    /// USD of weighted position notional; `nil` when the venue names none.
    public let positionMax: Money?
    public init(
        fees: FeeRates, leverageLimit: Money, autoLend: Bool, liquidating: Bool, borrowsToSettle: Bool? = nil,
        positionMax: Money? = nil
    ) {
        (self.fees, self.leverageLimit, self.autoLend, self.liquidating) = (
            fees, leverageLimit, autoLend, liquidating
        )
        (self.borrowsToSettle, self.positionMax) = (borrowsToSettle, positionMax)
    }
}

/// The lending pool of one asset.
public struct LendingMarket: Sendable, Equatable {
    public let asset: Asset
    /// Something can be borrowed and lent; a state we do not know is closed.
    public let isOpen: Bool
    /// Yearly, percent.
    public let borrowRate: Percent, lendRate: Percent
    /// Borrowed of what is lent; 1.0 is 100 000 000.
    public let utilisation: Percent
    public init(asset: Asset, isOpen: Bool, borrowRate: Percent, lendRate: Percent, utilisation: Percent) {
        (self.asset, self.isOpen, self.utilisation) = (asset, isOpen, utilisation)
        (self.borrowRate, self.lendRate) = (borrowRate, lendRate)
    }
}

/// What an asset counts as collateral (PROTOCOL 3.4).
public struct CollateralTerms: Sendable, Equatable {
    public let asset: Asset
    /// 1.0 is 100 000 000.
    public let weight: Percent
    /// How the weight falls with size; `nil` is the plain weight.
    public let curve: HaircutCurve?
    public init(asset: Asset, weight: Percent, curve: HaircutCurve? = nil) {
        (self.asset, self.weight, self.curve) = (asset, weight, curve)
    }

    /// The weight of a holding of this notional; rounded down.
    public func weight(of notional: Money) -> Percent {
        guard let curve else { return weight }
        return Figures.collateralWeight(
            notional: notional.notional, weight: weight, base: curve.base, penalty: curve.penalty)
    }
}

/// `min(base, 1.1/(1 + penalty·√notional))`: base as a part of one, penalty per root of a dollar in 10⁻¹².
public struct HaircutCurve: Sendable, Equatable {
    public let base: Percent, penalty: Int64
    public init(base: Percent, penalty: Int64) { (self.base, self.penalty) = (base, penalty) }
}

/// Contracts open in one perp.
public struct OpenInterest: Sendable, Equatable {
    public let instrument: InstrumentID, quantity: Quantity
    public init(instrument: InstrumentID, quantity: Quantity) {
        (self.instrument, self.quantity) = (instrument, quantity)
    }
}

/// The account's own fee rates; negative is a rebate.
public struct FeeRates: Hashable, Sendable {
    public let spotMaker: Percent, spotTaker: Percent, perpMaker: Percent, perpTaker: Percent
    public init(spotMaker: Percent, spotTaker: Percent, perpMaker: Percent, perpTaker: Percent) {
        (self.spotMaker, self.spotTaker, self.perpMaker, self.perpTaker) = (
            spotMaker, spotTaker, perpMaker, perpTaker
        )
    }
    /// The worst published tier: used until the account's own are read.
    public static let base = FeeRates(
        spotMaker: Percent(raw: 8_000_000), spotTaker: Percent(raw: 10_000_000),
        perpMaker: Percent(raw: 2_000_000), perpTaker: Percent(raw: 5_000_000))
}

public struct CollateralFacts: Sendable, Equatable {
    public let netEquity: Money, available: Money, locked: Money
    /// `nil` with no exposure; 1.0 is 100 000 000.
    public let marginFraction: Percent?
    /// The account's maintenance fraction, in the same unit; `nil` when the venue did not tell.
    public let maintenanceFraction: Percent?
    /// Weights by asset.
    public let weights: [AssetWeight]
    /// Notional of what is borrowed, USD.
    public let borrowed: Money
    public init(
        netEquity: Money, available: Money, locked: Money, marginFraction: Percent?, weights: [AssetWeight],
        maintenanceFraction: Percent? = nil, borrowed: Money = .zero
    ) {
        (self.netEquity, self.available, self.locked) = (netEquity, available, locked)
        (self.marginFraction, self.weights) = (marginFraction, weights)
        (self.maintenanceFraction, self.borrowed) = (maintenanceFraction, borrowed)
    }
}

public struct AssetWeight: Sendable, Equatable {
    public let asset: Asset
    public let weight: Percent
    /// Lent out and counted neither as available nor locked.
    public let lent: Money
    public init(asset: Asset, weight: Percent, lent: Money) {
        (self.asset, self.weight, self.lent) = (asset, weight, lent)
    }
}

public struct MarkRow: Sendable, Equatable {
    public let instrument: InstrumentID
    public let update: MarkUpdate
    public init(instrument: InstrumentID, update: MarkUpdate) {
        (self.instrument, self.update) = (instrument, update)
    }
}

/// One settlement of funding; positive was received.
public struct FundingPayment: Sendable, Equatable {
    public let instrument: InstrumentID
    public let amount: Money
    public let intervalEnd: Timestamp
    public init(instrument: InstrumentID, amount: Money, intervalEnd: Timestamp) {
        (self.instrument, self.amount, self.intervalEnd) = (instrument, amount, intervalEnd)
    }
}

/// What an interest payment is for, in the venue's words.
public enum InterestKind: String, Sendable, CaseIterable {
    case entryFee = "EntryFee", borrow = "Borrow", lend = "Lend"
    case positivePnl = "UnrealizedPositivePnl", negativePnl = "UnrealizedNegativePnl"
    /// Paid whatever sign the venue writes; the others are received when positive.
    public var isPaid: Bool { [.entryFee, .borrow, .negativePnl].contains(self) }
}

/// One payment of interest.
public struct InterestPayment: Sendable, Equatable {
    public let asset: Asset
    /// `nil` for a word we do not know.
    public let kind: InterestKind?
    /// Positive was received, in the asset.
    public let amount: Money
    /// The venue's name of what it was paid for; empty where it gave none.
    public let position: String
    public let at: Timestamp
    /// - Parameter quantity: as the venue writes it; of what is paid only the size counts.
    public init(asset: Asset, kind: InterestKind?, quantity: Money, position: String, at: Timestamp) {
        (self.asset, self.kind, self.position, self.at) = (asset, kind, position, at)
        amount = kind?.isPaid == true ? -quantity.magnitude : quantity
    }

    /// Names what it was paid for.
    var symbol: String { [asset.symbol, kind?.rawValue ?? "", position].joined(separator: " ") }
    /// Names the payment; shares of it have the same name and different owners.
    var reference: String { "\(symbol)/\(at.milliseconds)" }
}

/// What is lent or borrowed of one asset.
public struct BorrowLendPosition: Sendable, Equatable {
    public let asset: Asset
    /// Positive is lent, negative borrowed.
    public let net: Money
    public init(asset: Asset, net: Money) { (self.asset, self.net) = (asset, net) }
}

public struct SettledRate: Sendable, Equatable {
    public let rate: FundingRate
    public let intervalEnd: Timestamp
    public init(rate: FundingRate, intervalEnd: Timestamp) {
        (self.rate, self.intervalEnd) = (rate, intervalEnd)
    }
}
