/// What a turn has to say to people. Notes are not commands: they change nothing and are not part of a
/// replay's proof.
public enum Note: Sendable, Equatable {
    case ready(pairs: Int)
    /// What an earlier run left was taken up: pairs that are open, orders in doubt.
    case resumed(pairs: Int, orders: Int)
    /// What it left agrees with the exchange: entries may begin.
    case reconciled
    case opportunity(
        owner: String, pair: String, direction: Direction, style: Style, gross: Percent, net: Percent,
        usd: Money)
    /// An entry that risk approved; its orders follow.
    case entering(
        owner: String, pair: String, direction: Direction, style: Style, gross: Percent, net: Percent,
        usd: Money)
    case placing(owner: String, pair: String, purpose: OrderPurpose, orders: [Order])
    case denied(owner: String, pair: String, Denial)
    case rejected(pair: String, purpose: OrderPurpose, Refusal)
    case roundOpened(owner: String, pair: String, quantity: Quantity, entryGross: Percent)
    case roundClosed(Round)
    /// An entry that was taken back before it came to a hedged pair; its costs are booked.
    case unwound(Round)
    case filled(BookedFill)
    case order(OrderStanding)
    /// What the turn posted in the ledger, in order.
    case posted([Posting])
    case settled(Settlement)
    case exiting(owner: String, pair: String, reason: String)
    /// What one strategy was leaving, another took over at mid; no order was sent for it.
    case transfer(from: String, to: String, pair: String, quantity: Quantity)
    case repair(owner: String, pair: String, unwinds: Bool, attempt: Int, imbalance: Quantity)
    case strategyFault(owner: String, version: String, StrategyFault, stopped: Bool)
    case gap(symbol: String, reason: String)
    case connection(ConnectionID, up: Bool, reason: String)
    case state(TradingState, reason: String)
    case scriptState(owner: String, TradingState)
    case alert(String)
    /// Good news, for people.
    case notice(String)
    /// - `probation`: entries until it is proven; zero when there is none. `keeps`: the version that can be
    ///   brought back; `nil` for none.
    case replaced(owner: String, version: String, probation: Int, keeps: String?)
    /// A strategy that was not on the desk before; `probation` as above.
    case joined(owner: String, version: String, inShadow: Bool, probation: Int)
    /// A stopped version is given another try by the operator.
    case rearmed(owner: String, version: String)
    /// The kept version is back.
    case rolledBack(owner: String, from: String, to: String, reason: String)
    /// Every entry of the probation went well.
    case proven(owner: String, version: String)
    /// The engine needs a further block of client order ids, durably reserved.
    case needsIDs
}

/// What is allowed at all (FORMULAS 7, table).
public enum TradingState: String, Sendable {
    case active
    /// By the operator: manage and protect what is open, open nothing.
    case hold
    /// By a limit, latched.
    case reduceOnly = "reduce_only"
    case halted
    /// Of a script only: it waits for its first promotion and decides on paper.
    case shadow

    public var allowsEntries: Bool { self == .active }
    public var allowsEconomicExits: Bool { self != .halted && self != .shadow }
}
