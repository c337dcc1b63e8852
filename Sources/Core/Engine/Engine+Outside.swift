/// Deposits and withdrawals: what comes to the account from outside, or leaves it. Nobody earns or loses by
/// them: they are the house's, between `outside` and what the venue holds.
///
/// Two witnesses are needed for a posting: the venue lists the transfer, and the balance shows it. So nothing
/// is booked twice by a list that comes late, twice or of another time, and a difference that no transfer
/// explains stays one that is told.
extension Engine {
    /// How far back they are asked for. Of what began earlier only the difference is told.
    static let outsideLook = TimeSpan.seconds(30 * 86_400)
    /// A difference is looked up no more often than this: the venue's history has a budget of its own.
    /// It is shorter than the patience after which a difference is followed.
    static let outsidePause = TimeSpan.seconds(5)
    /// Answers in a row that could not be read before that is told.
    static let outsideFailures = 6
    /// How long the balance must have agreed without a confirmed one before it is taken for one of another
    /// time.
    static let outsidePatience = TimeSpan.seconds(60)
    static let outsideLooks = 3

    // MARK: Reading

    /// Asks for both kinds from their beginning; a reading that is out goes on.
    /// - Returns: the questions that are out.
    @discardableResult
    func askOutside() -> [RequestID] {
        OutsideTransfer.Kind.allCases.map { kind in
            if let question = outside.readings[kind.place].question { return question }
            let from = now - Self.outsideLook
            let question = ask(.outsideTransfers(kind, from: from, offset: 0))
            outside.readings[kind.place].begin(question, at: now)
            return question
        }
    }

    /// Looks a difference up that was first seen at `since`.
    func lookUpOutside(since: Timestamp) {
        let asked = outside.readings.compactMap(\.askedAt).max()
        guard !outside.isHeard(since: since), asked.map({ now - $0 >= Self.outsidePause }) ?? true else {
            return
        }
        askOutside()
    }

    func readOutside(_ rows: [OutsideTransfer], _ question: RequestID, _ request: Request) {
        guard case .outsideTransfers(let kind, let from, let offset) = request,
            outside.readings[kind.place].question == question
        else { return }
        outside.readings[kind.place].rows += rows
        guard rows.count < Self.fillsPage else {
            let next = ask(.outsideTransfers(kind, from: from, offset: offset + rows.count))
            outside.readings[kind.place].question = next
            return
        }
        outside.readings[kind.place].failed = 0
        take(outside.readings[kind.place].end(), of: kind, from: from)
        guard outside.records.contains(where: { $0.waits }) else { return }
        nextPoll = min(nextPoll ?? now + Self.pollAfterFill, now + Self.pollAfterFill)
        guard stopping else { return }
        ask(.positions)
        closingReads.append(ask(.capital))
    }

    /// The question failed: it is put again from its beginning. A venue that does not show them to this key
    /// is said so once, and asked as if it did: each hour, and while a difference stands.
    func outsideFailed(_ kind: OutsideTransfer.Kind, _ reply: Reply) {
        outside.readings[kind.place].question = nil
        guard case .refused(let refusal) = reply, refusal.status != 429 else {
            outside.againAt = now + .seconds(5)
            outside.readings[kind.place].failed += 1
            guard outside.readings[kind.place].failed == Self.outsideFailures else { return }
            note(
                .alert(
                    "the list of \(kind.rawValue)s cannot be read (\(reply.plainText)): nothing of it is booked, "
                        + "and it is asked for every five seconds"))
            return
        }
        guard !outside.isRefused else { return }
        outside.isRefused = true
        note(
            .alert(
                "the exchange does not show \(kind.rawValue)s (\(refusal.status) \(refusal.message)): what comes "
                    + "or goes by them stays a difference that is told"))
    }

    func askOutsideAgain() {
        guard let at = outside.againAt, now >= at else { return }
        outside.againAt = nil
        askOutside()
    }

    private func take(_ rows: [OutsideTransfer], of kind: OutsideTransfer.Kind, from: Timestamp) {
        for place in outside.records.indices where outside.records[place].transfer.kind == kind {
            let transfer = outside.records[place].transfer
            // At the edge of what was asked for nothing is missed.
            guard transfer.at >= from + .seconds(60) else { continue }
            outside.records[place].isListed = rows.contains { $0.isSame(as: transfer) }
        }
        for row in rows where row.kind == kind && row.quantity > .zero {
            if let place = outside.records.firstIndex(where: { $0.transfer.isSame(as: row) }) {
                outside.records[place].transfer = row
                continue
            }
            outside.add(OutsideRecord(transfer: row, heardAt: now))
            if row.state == .unknown, let openedAt, row.at > openedAt {
                note(
                    .alert("\(row.reference) of \(row.quantity) \(row.asset) is in a state not known here"))
            }
        }
        outside.records.removeAll {
            if $0.transfer.at < now - Self.outsideLook - .seconds(86_400) { return true }
            return $0.booked == nil && !$0.isOver && !$0.isListed
        }
    }

    // MARK: Booking

    /// Books what the balances show. Called with balances that were just read.
    func settleOutside() {
        settleTogether()
        for place in outside.records.indices { settleOutside(place) }
    }

    /// Several at once, of which each hides the other.
    private func settleTogether() {
        for asset in outside.assetsWaiting where !isUnderWay(asset) {
            let places = outside.records.indices.filter {
                let record = outside.records[$0]
                return record.waits && record.transfer.asset == asset && isSince(record.transfer)
                    && record.transfer.state == .confirmed
            }
            let sum = places.reduce(Money.zero) { $0 + outside.records[$1].transfer.changes[0] }
            guard places.count > 1, (surplus(asset) - sum).magnitude <= Self.tolerance(asset) else {
                continue
            }
            for place in places { book(place, outside.records[place].transfer.changes[0]) }
        }
    }

    private func settleOutside(_ place: Int) {
        let record = outside.records[place], transfer = record.transfer
        guard !isUnderWay(transfer.asset) else { return }
        if let booked = record.booked { return judge(place, booked) }
        guard record.waits else { return }
        let surplus = self.surplus(transfer.asset), tolerance = Self.tolerance(transfer.asset)
        let change = transfer.changes.min { (surplus - $0).magnitude < (surplus - $1).magnitude } ?? .zero
        let isShown = surplus.magnitude > tolerance
        let isExact = isShown && (surplus - change).magnitude <= tolerance
        guard transfer.state == .confirmed, isSince(transfer) else {
            return isExact ? book(place, change) : wait(place, isShown)
        }
        // Too small to be seen in the balance: the venue's word has to do.
        let isTiny = change.magnitude <= tolerance
        // Beside it something else may have happened: that stays as the difference.
        let helps = isShown && (surplus - change).magnitude < surplus.magnitude
        isTiny || helps ? book(place, change) : wait(place, isShown)
    }

    /// What was booked is over, or was given back.
    private func judge(_ place: Int, _ booked: Money) {
        let record = outside.records[place], transfer = record.transfer
        if transfer.state == .confirmed, record.isListed {
            guard !record.isOver else { return }
            outside.records[place].isOver = true
            isChanged = true
            return
        }
        let mayBeBack = transfer.state == .ended || (!record.isOver && !record.isUnderWay)
        let surplus = self.surplus(transfer.asset), tolerance = Self.tolerance(transfer.asset)
        guard mayBeBack, surplus.magnitude > tolerance, (surplus + booked).magnitude <= tolerance else {
            return
        }
        post(transfer, -booked, fee: -record.fee, "\(transfer.reference)/returned")
        (outside.records[place].booked, outside.records[place].isOver) = (nil, true)
        note(
            .alert("\(transfer.reference) of \(transfer.quantity) \(transfer.asset) came to nothing; undone"))
    }

    /// A confirmed one that no balance shows is in the ledger already, or not of this account.
    private func wait(_ place: Int, _ isShown: Bool) {
        let transfer = outside.records[place].transfer
        guard transfer.state == .confirmed else { return }
        outside.records[place].quietLooks = isShown ? 0 : outside.records[place].quietLooks + 1
        guard outside.records[place].quietLooks >= Self.outsideLooks,
            now - outside.records[place].heardAt >= Self.outsidePatience
        else { return }
        outside.records[place].isOver = true
        isChanged = true
        guard isSince(transfer) else { return }
        note(
            .alert(
                "\(transfer.reference) of \(transfer.quantity) \(transfer.asset) is listed and no balance "
                    + "shows it; not booked"))
    }

    private func book(_ place: Int, _ change: Money) {
        let transfer = outside.records[place].transfer
        guard change > .zero || giveUp(transfer, change) else { return }
        // A fee that is no part of what left is none.
        let fee = transfer.kind == .withdrawal && transfer.fee < -change ? max(transfer.fee, .zero) : .zero
        post(transfer, change, fee: fee, transfer.reference)
        (outside.records[place].booked, outside.records[place].fee) = (change, fee)
        outside.records[place].isOver = transfer.state == .confirmed
        note(.notice("\(transfer.reference): \(change) \(transfer.asset) is booked as a transfer"))
    }

    private func post(_ transfer: OutsideTransfer, _ change: Money, fee: Money, _ reference: String) {
        let venue = Account(Account.house, .venue)
        for (name, amount) in [(AccountName.outside, change + fee), (.fees, -fee)] {
            ledger.post(
                Posting(
                    from: Account(Account.house, name), to: venue, asset: transfer.asset, amount: amount,
                    cause: .transfer, reference: reference))
        }
    }

    /// Coins of pairs that leave the account go to the house at mid first: the pairs have lost a leg and no
    /// money.
    /// - Returns: `false` when there is no price for them yet.
    private func giveUp(_ transfer: OutsideTransfer, _ change: Money) -> Bool {
        guard let pair = pairs.first(where: { $0.base == transfer.asset }) else { return true }
        let house = max(ledger.balance(Account(Account.house, .venue), pair.base), .zero)
        let missing = -change - house
        let all = holdings.indices.filter {
            holdings[$0].pair == pair.id && holdings[$0].coinQuantity > .zero
        }
        // Dust first: nothing hangs on it.
        let holders = all.filter { holdings[$0].isFlat } + all.filter { !holdings[$0].isFlat }
        guard missing > .zero, !holders.isEmpty else { return true }
        guard let price = mid(pair.spot) else { return false }
        var left = Quantity(raw: Int64(clamping: quotient(missing.raw, by: 10_000, .up)))
        for place in holders where left > .zero {
            let part = min(holdings[place].coinQuantity, left), owner = holdings[place].owner
            left -= part
            let paid = ledger.transfer(
                part, at: price, of: pair.spot, from: owner, to: Account.house,
                reference: "\(transfer.reference)/\(owner)")
            book(-part, .spot, price, cash: paid, in: place)
            note(
                .alert("\(pair.base): \(transfer.reference) took \(part) of \(owner); the other leg follows"))
        }
        trackUnhedged()
        foreign[pair.spot.id.index] = true
        return true
    }

    // MARK: Differences

    /// How much more of an asset the venue has than the ledger says.
    func surplus(_ asset: Asset) -> Money { venueHolds(asset) - ledger.venueBalance(asset) }

    /// What a difference is told for, and taken for one.
    static func tolerance(_ asset: Asset) -> Money {
        Money(raw: asset == .usdc ? 10_000_000_000 : 100_000)
    }

    /// Orders are out that move the asset.
    func isUnderWay(_ asset: Asset) -> Bool {
        if let pair = pairs.first(where: { $0.base == asset }) { return isMoving(pair.spot.id) }
        return liveOrders.contains { !orders[$0].restsQuietly }
    }

    /// Begun after the ledger and after the last difference that it followed: it cannot be in it already.
    private func isSince(_ transfer: OutsideTransfer) -> Bool {
        guard let openedAt, transfer.at > openedAt else { return false }
        return outside.followed.allSatisfy { $0.asset != transfer.asset || transfer.at > $0.until }
    }

    /// The ledger took over a difference: what made it may be listed later and must not be booked again.
    func markFollowed(_ asset: Asset) {
        outside.followed.removeAll { $0.asset == asset }
        outside.followed.append((asset, now))
        outside.followed.sort { $0.asset < $1.asset }
    }
}
