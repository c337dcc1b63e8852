/// Interest on what is lent and borrowed: each payment is booked once, in its own asset, to the pairs whose
/// coins earned or owed it and for the rest to the house (FORMULAS 3, `borrow_usd`; 6, P&L by cause).
extension Engine {
    func readCollateral(_ facts: CollateralFacts) {
        account.collateral = facts
        guard facts.borrowed == .zero else {
            ask(.borrowLendPositions)
            return
        }
        (account.lending, account.debtsReadAt) = (nil, now)
    }

    func readLending(_ rows: [BorrowLendPosition]) {
        (account.lending, account.debtsReadAt) = (rows, now)
    }

    /// How long after a sale an answer may still show what was owed before it.
    static let debtsLag = TimeSpan.seconds(2)

    func bookInterest(_ payments: [InterestPayment]) {
        for payment in payments.reversed() {
            if seenInterest.contains(payment) { continue }
            if let before = interestBefore.first(where: { $0.asset == payment.asset }),
                payment.at <= before.until
            {
                continue
            }
            // What was paid before the opening posting is in it already. Until then nothing is remembered: it
            // is read again.
            guard opened || restored != nil, let start = openedAt else { continue }
            seenInterest.append(payment)
            if seenInterest.count > 4096 { seenInterest.removeFirst(1024) }
            guard payment.at > start else { continue }
            isChanged = true
            guard payment.kind != nil else {
                note(
                    .alert(
                        "\(payment.asset): interest of a kind that is not known here (\(payment.amount)); not booked"
                    ))
                continue
            }
            share(payment)
        }
    }

    /// By their part of the coins that the account has, or owes, of the asset.
    private func share(_ payment: InterestPayment) {
        let sign: Int128 = payment.kind?.isPaid == true ? -1 : 1
        let holders = holdings.indices.filter {
            pair(of: $0).base == payment.asset && holdings[$0].coins.raw * sign > 0
        }
        let held = holders.reduce(Money.zero) { $0 + holdings[$1].coins.magnitude }
        let whole = max(held, sign > 0 ? ledger.venueBalance(payment.asset) : account.owed(payment.asset))
        var left = payment.amount
        for place in holders {
            let part = Money(raw: payment.amount.raw * holdings[place].coins.magnitude.raw / whole.raw)
            left -= part
            book(part, payment, place)
        }
        guard left != .zero else { return }
        ledger.bookInterest(left, payment.asset, owner: Account.house, reference: payment.reference)
        tell(payment, left, Account.house)
    }

    /// Coins come or are owed, and no cash: what they are worth now is the interest, and the cost at which
    /// they came in.
    private func book(_ part: Money, _ payment: InterestPayment, _ place: Int) {
        guard part != .zero else { return }
        let price = mid(pair(of: place).spot)?.raw ?? 0
        let worth = Money(raw: quotient(part.raw * Int128(price), by: 100_000_000, .nearest))
        ledger.bookInterest(part, payment.asset, owner: holdings[place].owner, reference: payment.reference)
        tell(payment, part, holdings[place].owner)
        holdings[place].coins += part
        holdings[place].spotCost += worth.notional
        holdings[place].borrow += worth
        var causes = ProfitAndLoss()
        (causes.borrow, causes.basis) = (worth, -worth)
        holdings[place].profit.add(causes)
        slots[holdings[place].slot].profit.add(causes)
    }

    /// By asset: the last interest that is booked, for the run that goes on from here.
    var interestUntil: [(asset: Asset, until: Timestamp)] {
        var rows = interestBefore
        for payment in seenInterest {
            if let place = rows.firstIndex(where: { $0.asset == payment.asset }) {
                rows[place].until = max(rows[place].until, payment.at)
            } else {
                rows.append((payment.asset, payment.at))
            }
        }
        return rows.sorted { $0.asset < $1.asset }
    }
}
