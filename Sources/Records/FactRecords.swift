import Core
import GRDB

extension Note {
    /// It belongs to a table.
    var isRecorded: Bool {
        switch self {
        case .filled, .order, .posted, .settled, .roundClosed, .unwound, .alert: true
        default: isOfVersions
        }
    }

    /// It tells what became of a version of a script.
    var isOfVersions: Bool {
        switch self {
        case .replaced, .joined, .rearmed, .proven, .rolledBack, .strategyFault(_, _, _, stopped: true): true
        default: false
        }
    }

    /// How many rows it makes, for counting those that could not be written.
    var rows: Int {
        if case .posted(let postings) = self { return 2 * postings.count }
        return 1
    }
}

extension OrderState {
    /// The end of an order as it is recorded; `nil` while it has none.
    fileprivate var endText: String? {
        switch self {
        case .closed(.filled): "filled"
        case .closed(.cancelled): "cancelled"
        case .closed(.expired): "expired"
        case .closed(.triggerFailed): "trigger failed"
        case .rejected: "rejected"
        case .closed, .sent, .working, .cancelling, .unknown: nil
        }
    }
}

extension Database {
    func put(_ sql: String, _ arguments: StatementArguments) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// Puts a fact into its table; one that is there already changes nothing.
    func store(_ fact: Note, at now: Timestamp) throws {
        switch fact {
        case .filled(let fill): try store(fill, now)
        case .order(let order): try store(order)
        case .posted(let postings): for posting in postings { try store(posting, now) }
        case .settled(let settlement): try store(settlement, now)
        case .roundClosed(let round), .unwound(let round): try store(round)
        case .alert(let text):
            try put(
                "INSERT INTO alerts (at_ms, text) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [now.milliseconds, text])
        default: try storeVersion(fact, at: now)
        }
    }

    /// Parts of one execution are told in one turn. Told in another one it is the same execution again, as by
    /// a later run that does not know whose it was: the first word stays. So it is with settlements, and with
    /// the postings of both.
    private func store(_ booked: BookedFill, _ now: Timestamp) throws {
        let fill = booked.fill
        try put(
            """
            INSERT INTO fills (at_ms, venue_ms, symbol, venue_order_id, trade_id, client_id,
                script, pair, leg, side, price, quantity, fee, fee_asset, liquidity, origin, attribution)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17
            WHERE NOT EXISTS (SELECT 1 FROM fills WHERE symbol = ?3 AND venue_order_id = ?4
                AND trade_id = ?5 AND at_ms <> ?1) ON CONFLICT DO NOTHING
            """,
            [
                now.milliseconds, fill.venueTime.milliseconds, booked.symbol, fill.venueOrderID.text,
                fill.tradeID, booked.order.map { Int64($0.raw) }, booked.owner, booked.pair,
                booked.leg.rawValue, fill.side.rawValue, fill.price.description, fill.quantity.description,
                fill.fee.description, fill.feeAsset.symbol, fill.liquidity.rawValue, booked.origin,
                booked.attribution.rawValue,
            ])
    }

    /// An order is told when it is sent and again when it is over; what its end says stays.
    private func store(_ standing: OrderStanding) throws {
        let order = standing.order, end = standing.state.endText
        try put(
            """
            INSERT INTO orders (client_id, venue_order_id, script, pair, symbol, leg, side, price, quantity,
                time_in_force, post_only, reduce_only, purpose, sent_ms, end_state, ended_ms, executed,
                reason)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (client_id) DO UPDATE SET venue_order_id = excluded.venue_order_id,
                end_state = excluded.end_state, ended_ms = excluded.ended_ms,
                executed = excluded.executed, reason = excluded.reason
                WHERE excluded.end_state IS NOT NULL
            """,
            [
                Int64(order.id.raw), standing.venueOrderID?.text, standing.owner, standing.pair,
                standing.symbol, standing.leg.rawValue, order.side.rawValue, order.price.description,
                order.quantity.description, order.timeInForce.rawValue, order.postOnly,
                order.reduceOnly ?? false, standing.purpose.rawValue, standing.sentAt.milliseconds, end,
                end == nil ? nil : standing.endedAt?.milliseconds, standing.executed.description,
                standing.reason,
            ])
    }

    /// Both sides of a posting, each with its sign.
    private func store(_ posting: Posting, _ now: Timestamp) throws {
        let sides = [
            (posting.from, posting.to, -posting.amount), (posting.to, posting.from, posting.amount),
        ]
        for (account, other, amount) in sides {
            try put(
                """
                INSERT INTO postings (at_ms, owner, account, against, asset, amount, cause, reference)
                SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
                WHERE NOT EXISTS (SELECT 1 FROM postings WHERE cause = ?7 AND reference = ?8
                    AND at_ms <> ?1) ON CONFLICT DO NOTHING
                """,
                [
                    now.milliseconds, account.owner, account.name.rawValue, other.name.rawValue,
                    posting.asset.symbol, amount.description, posting.cause.rawValue, posting.reference,
                ])
        }
    }

    private func store(_ settlement: Settlement, _ now: Timestamp) throws {
        try put(
            """
            INSERT INTO settlements (at_ms, cause, script, pair, symbol, interval_end_ms, amount,
                asset)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
            WHERE NOT EXISTS (SELECT 1 FROM settlements WHERE cause = ?2 AND symbol = ?5
                AND interval_end_ms = ?6 AND at_ms <> ?1) ON CONFLICT DO NOTHING
            """,
            [
                now.milliseconds, settlement.cause.rawValue, settlement.owner, settlement.pair,
                settlement.symbol, settlement.intervalEnd.milliseconds, settlement.amount.description,
                settlement.asset.symbol,
            ])
    }

    private func store(_ round: Round) throws {
        let profit = round.profit
        let flows = [round.entered(.spot), round.left(.spot), round.entered(.perp), round.left(.perp)]
        let dollarSeconds = Money(raw: quotient(round.tally.unhedgedMoneyTime, by: 1_000_000, .nearest))
        var arguments: StatementArguments = [
            round.closed.milliseconds, round.owner, round.pair, round.reason, round.net.description,
            round.seconds, round.opened.milliseconds, round.direction.rawValue, round.style.rawValue,
            round.version, round.entries, round.entryGross.description,
        ]
        for flow in flows { arguments += [flow.quantity.description, flow.price?.description] }
        arguments += [
            profit.basis.description, profit.crossing.description, profit.legRisk.description,
            profit.fees.description, profit.funding.description, profit.borrow.description,
            profit.residual.description, round.tally.unhedgedTime.milliseconds, dollarSeconds.description,
        ]
        try put(
            """
            INSERT INTO rounds (closed_ms, script, pair, reason, net_usd, seconds, opened_ms,
                direction, style, version, entries, entry_gross_pct, spot_in, spot_in_price, spot_out,
                spot_out_price, perp_in, perp_in_price, perp_out, perp_out_price, basis_usd, crossing_usd,
                leg_risk_usd, fees_usd, funding_usd, borrow_usd, residual_usd, unhedged_ms, unhedged_usd_s)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """, arguments)
    }
}
