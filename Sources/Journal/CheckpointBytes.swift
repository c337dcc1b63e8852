import Core

/// A checkpoint as bytes: the record of it, and what a run that goes on from it keeps in its first segment.
public enum CheckpointBytes {
    /// Of this layout; another one is refused by name.
    static let format: UInt8 = 4

    public static func write(_ checkpoint: Checkpoint) -> [UInt8] {
        var writer = ByteWriter()
        writer.bytes.reserveCapacity(4096)
        writer.u8(format)
        writer.checkpoint(checkpoint)
        return writer.bytes
    }

    /// - Throws: what is wrong with the bytes.
    public static func read(_ bytes: [UInt8]) throws(JournalFault) -> Checkpoint {
        guard bytes.first == Self.format else {
            throw JournalFault(
                "a checkpoint of layout \(bytes.first ?? 0), and this program knows \(Self.format); use the "
                    + "version that wrote it to close what is open, or move the folder aside")
        }
        var reader = ByteReader(bytes, from: 1, to: bytes.count)
        do throws(ByteReader.Short) {
            let checkpoint = try reader.checkpoint()
            guard reader.isAtEnd else { throw ByteReader.Short() }
            return checkpoint
        } catch { throw JournalFault("a checkpoint whose bytes were changed") }
    }
}

extension ByteWriter {
    mutating func flag(_ flag: Bool) { u8(flag ? 1 : 0) }
    mutating func money(_ money: Money) {
        u64(UInt64(truncatingIfNeeded: money.raw))
        i64(Int64(truncatingIfNeeded: money.raw >> 64))
    }
    mutating func notional(_ notional: Notional) { money(Money(raw: notional.raw)) }
    mutating func moment(_ moment: Timestamp?) { i64(moment?.microseconds ?? .min) }
    mutating func word<Word: RawRepresentable>(_ word: Word) where Word.RawValue == String {
        text(word.rawValue)
    }
    mutating func optional<Value>(_ value: Value?, _ body: (inout ByteWriter, Value) -> Void) {
        flag(value != nil)
        if let value { body(&self, value) }
    }

    mutating func profit(_ profit: ProfitAndLoss) {
        for amount in [
            profit.basis, profit.crossing, profit.legRisk, profit.fees, profit.funding, profit.borrow,
            profit.residual,
        ] { money(amount) }
    }

    mutating func checkpoint(_ kept: Checkpoint) {
        moment(kept.at)
        moment(kept.openedAt)
        word(kept.state)
        flag(kept.isFlattening)
        i64(kept.day)
        u32(kept.entriesToday)
        money(kept.feesToday)
        u32(Int(kept.firstBlock))
        u32(Int(kept.lastBlock))
        list(kept.scripts) { $0.script($1) }
        list(kept.markets) {
            $0.text($1.base)
            $0.u32($1.losingRounds)
            $0.i64($1.heldDay ?? -1)
            $0.list($1.hedgeRetries) { $0.moment($1) }
        }
        list(kept.found) {
            $0.text($1.symbol)
            $0.i64($1.quantity.raw)
        }
        list(kept.foreign) { $0.text($1) }
        list(kept.holdings) {
            $0.text($1.base)
            $0.holding($1.holding)
        }
        list(kept.orders) { $0.ordered($1) }
        list(kept.ledger) {
            $0.text($1.account.owner)
            $0.word($1.account.name)
            $0.text($1.asset.symbol)
            $0.money($1.balance)
        }
        list(kept.foreignFills) {
            $0.text($1.symbol)
            $0.i64($1.tradeID)
            $0.text($1.order)
        }
        settled(kept.settled)
        list(kept.transfers) { $0.transferred($1) }
        settled(kept.followed)
    }

    private mutating func settled(_ kept: [Checkpoint.Settled]) {
        list(kept) {
            $0.text($1.symbol)
            $0.moment($1.until)
        }
    }

    private mutating func transferred(_ kept: Checkpoint.Transferred) {
        word(kept.kind)
        i64(kept.id)
        text(kept.asset)
        optional(kept.booked) { $0.money($1) }
        money(kept.fee)
        moment(kept.at)
        flag(kept.isOver)
    }

    private mutating func script(_ kept: Checkpoint.Script) {
        text(kept.name)
        text(kept.version)
        word(kept.state)
        optional(kept.stopped) { $0.text($1) }
        profit(kept.profit)
        money(kept.dayStart)
        for count in [kept.entries, kept.exits, kept.rounds, kept.takes.orders, kept.takes.fills] {
            u32(count)
        }
    }

    private mutating func holding(_ kept: Holding) {
        text(kept.owner)
        word(kept.state)
        word(kept.direction)
        word(kept.style)
        text(kept.version)
        flag(kept.adopted)
        money(kept.coins)
        i64(kept.spotGross.raw)
        i64(kept.perp.raw)
        notional(kept.spotCost)
        notional(kept.perpCost)
        for fee in [kept.spotFees, kept.perpFees, kept.baseFeesInQuote, kept.funding, kept.borrow] {
            money(fee)
        }
        for percent in [kept.entryExitLevel, kept.entryExitCross, kept.entryGross] { i64(percent.raw) }
        moment(kept.openedAt)
        u32(kept.entriesMade)
        moment(kept.cooldownUntil)
        profit(kept.profit)
        u32(kept.extensions)
        tally(kept.tally)
    }

    private mutating func tally(_ kept: RoundTally) {
        for flow in [kept.spotBought, kept.spotSold, kept.perpBought, kept.perpSold] {
            i64(flow.quantity.raw)
            notional(flow.notional)
        }
        i64(kept.unhedgedTime.microseconds)
        money(Money(raw: kept.unhedgedMoneyTime))
    }

    private mutating func ordered(_ kept: Checkpoint.Ordered) {
        text(kept.base)
        text(kept.owner)
        word(kept.leg)
        word(kept.purpose)
        u32(Int(kept.id.raw))
        flag(kept.side == .buy)
        i64(kept.price.raw)
        i64(kept.quantity.raw)
        word(kept.timeInForce)
        i64(kept.decisionMid.raw)
        i64(kept.sentMid.raw)
        moment(kept.sentAt)
        optional(kept.end) { $0.word($1) }
        optional(kept.venueOrderID) { $0.text($1.text) }
        i64(kept.filled.raw)
        i64(kept.told.raw)
        list(kept.tradeIDs) { $0.i64($1) }
    }
}

extension ByteReader {
    mutating func flag() throws(Short) -> Bool { try u8() == 1 }
    mutating func money() throws(Short) -> Money {
        let low = try u64(), high = try i64()
        return Money(raw: Int128(high) << 64 | Int128(low))
    }
    mutating func notional() throws(Short) -> Notional { Notional(raw: try money().raw) }
    mutating func moment() throws(Short) -> Timestamp { Timestamp(microseconds: try i64()) }
    mutating func maybeMoment() throws(Short) -> Timestamp? {
        let raw = try i64()
        return raw == .min ? nil : Timestamp(microseconds: raw)
    }
    mutating func word<Word: RawRepresentable>() throws(Short) -> Word where Word.RawValue == String {
        guard let word = Word(rawValue: try text()) else { throw Short() }
        return word
    }
    mutating func optional<Value>(
        _ body: (inout ByteReader) throws(Short) -> Value
    ) throws(Short) -> Value? {
        try flag() ? try body(&self) : nil
    }
    mutating func quantity() throws(Short) -> Quantity { Quantity(raw: try i64()) }
    mutating func price() throws(Short) -> Price { Price(raw: try i64()) }
    mutating func percent() throws(Short) -> Percent { Percent(raw: try i64()) }

    mutating func profit() throws(Short) -> ProfitAndLoss {
        var profit = ProfitAndLoss()
        (profit.basis, profit.crossing) = (try money(), try money())
        (profit.legRisk, profit.fees) = (try money(), try money())
        (profit.funding, profit.borrow, profit.residual) = (try money(), try money(), try money())
        return profit
    }

    mutating func checkpoint() throws(Short) -> Checkpoint {
        Checkpoint(
            at: try moment(), openedAt: try moment(), state: try word(), isFlattening: try flag(),
            day: try i64(), entriesToday: try u32(), feesToday: try money(),
            firstBlock: UInt32(try u32()), lastBlock: UInt32(try u32()),
            scripts: try list { r throws(Short) in try r.script() },
            markets: try list { r throws(Short) in
                let base = try r.text(), losing = try r.u32(), held = try r.i64()
                return Checkpoint.Market(
                    base: base, losingRounds: losing, heldDay: held < 0 ? nil : held,
                    hedgeRetries: try r.list { r throws(Short) in try r.moment() })
            },
            found: try list { r throws(Short) in
                Checkpoint.Contracts(symbol: try r.text(), quantity: try r.quantity())
            }, foreign: try list { r throws(Short) in try r.text() },
            holdings: try list { r throws(Short) in
                Checkpoint.Held(base: try r.text(), holding: try r.holding())
            }, orders: try list { r throws(Short) in try r.ordered() },
            ledger: try list { r throws(Short) in
                let owner = try r.text(), name: AccountName = try r.word()
                return Ledger.Row(
                    account: Account(owner, name), asset: Asset(try r.text()), balance: try r.money())
            },
            foreignFills: try list { r throws(Short) in
                Checkpoint.ForeignFill(symbol: try r.text(), tradeID: try r.i64(), order: try r.text())
            },
            settled: try settled(),
            transfers: try list { r throws(Short) in try r.transferred() }, followed: try settled())
    }

    private mutating func settled() throws(Short) -> [Checkpoint.Settled] {
        try list { r throws(Short) in Checkpoint.Settled(symbol: try r.text(), until: try r.moment()) }
    }

    private mutating func transferred() throws(Short) -> Checkpoint.Transferred {
        Checkpoint.Transferred(
            kind: try word(), id: try i64(), asset: try text(),
            booked: try optional { r throws(Short) in try r.money() }, fee: try money(), at: try moment(),
            isOver: try flag())
    }

    private mutating func script() throws(Short) -> Checkpoint.Script {
        Checkpoint.Script(
            name: try text(), version: try text(), state: try word(),
            stopped: try optional { r throws(Short) in try r.text() }, profit: try profit(),
            dayStart: try money(), entries: try u32(), exits: try u32(), rounds: try u32(),
            takes: TakeCount(orders: try u32(), fills: try u32()))
    }

    private mutating func holding() throws(Short) -> Holding {
        var holding = Holding(pair: PairID(0), owner: try text(), slot: 0)
        holding.state = try word()
        holding.direction = try word()
        holding.style = try word()
        (holding.version, holding.adopted) = (try text(), try flag())
        (holding.coins, holding.spotGross, holding.perp) = (try money(), try quantity(), try quantity())
        (holding.spotCost, holding.perpCost) = (try notional(), try notional())
        (holding.spotFees, holding.perpFees) = (try money(), try money())
        holding.baseFeesInQuote = try money()
        (holding.funding, holding.borrow) = (try money(), try money())
        (holding.entryExitLevel, holding.entryExitCross) = (try percent(), try percent())
        holding.entryGross = try percent()
        holding.openedAt = try maybeMoment()
        holding.entriesMade = try u32()
        holding.cooldownUntil = try maybeMoment()
        holding.profit = try profit()
        holding.extensions = try u32()
        holding.tally = try tally()
        return holding
    }

    private mutating func tally() throws(Short) -> RoundTally {
        RoundTally(
            spotBought: try flow(), spotSold: try flow(), perpBought: try flow(), perpSold: try flow(),
            unhedgedTime: TimeSpan(microseconds: try i64()), unhedgedMoneyTime: try money().raw)
    }

    private mutating func flow() throws(Short) -> RoundTally.Flow {
        RoundTally.Flow(try quantity(), try notional())
    }

    private mutating func ordered() throws(Short) -> Checkpoint.Ordered {
        Checkpoint.Ordered(
            base: try text(), owner: try text(), leg: try word(), purpose: try word(),
            id: ClientOrderID(raw: UInt32(try u32())), side: try flag() ? .buy : .sell, price: try price(),
            quantity: try quantity(), timeInForce: try word(), decisionMid: try price(),
            sentMid: try price(), sentAt: try moment(),
            end: try optional { r throws(Short) in try r.word() },
            venueOrderID: try optional { r throws(Short) in VenueOrderID(try r.text()) },
            filled: try quantity(), told: try quantity(),
            tradeIDs: try list { r throws(Short) in try r.i64() })
    }
}
