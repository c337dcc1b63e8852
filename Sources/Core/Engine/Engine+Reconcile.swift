/// What a position nobody here opened is treated as (`ADOPT_POLICY`).
public enum AdoptPolicy: String, Sendable, CaseIterable {
    /// Left alone: counted by every limit, nothing is entered beside it.
    case hold
    /// Taken over with the coins that hedge it, and exited by the host's rules.
    case adopt
    /// Taken over and closed at once.
    case flatten
}

/// The exchange's facts against ours: at a start, and as long as a run lasts. Every difference has a name,
/// one alert and a treatment; the ledger follows the venue.
extension Engine {
    /// The owner of what was taken over.
    static let adoptedOwner = "adopted"
    /// How often running a difference must be seen before it is no matter of timing, and before it is
    /// followed.
    static let differenceTold = 2, differenceFollowed = 3
    /// How far back executions are looked for that explain a difference.
    static let longestLook = TimeSpan.seconds(600)

    /// The account is read, and what an earlier run left agrees with it.
    public var isReady: Bool { opened && isReconciled }

    // MARK: At a start

    /// Executions since the last checkpoint, asked for until they have come.
    func askRestoredFills() {
        guard let restored, !restoredFillsRead, restoredFills == nil,
            restoredFillsAt.map({ now >= $0 }) ?? true
        else { return }
        restoredFills = ask(.fills(from: fillsSince(restored), offset: 0))
    }

    /// - Returns: `true` when the answer belonged to that question.
    func readRestoredFills(_ fills: Int, _ question: RequestID, from: Timestamp, offset: Int) {
        guard question == restoredFills else { return }
        restoredFills = nil
        if fills >= Self.fillsPage {
            restoredFills = ask(.fills(from: from, offset: offset + fills))
        } else {
            restoredFillsRead = true
        }
    }

    /// The question failed: it is put again from its beginning, fills count once.
    func restoredFillsFailed(_ question: RequestID) {
        guard question == restoredFills else { return }
        (restoredFills, restoredFillsAt) = (nil, now + .milliseconds(500))
    }

    /// An earlier run is taken up: its executions since are booked, now its pairs are looked after again.
    func reopen() {
        (isReconciled, positionsAgree, balancesAgree) = (false, false, false)
        nextPoll = now + Self.pollAfterFill
        for place in holdings.indices where !holdings[place].isFlat && holdings[place].entriesMade == 0 {
            holdings[place].entriesMade = 1
            slots[holdings[place].slot].entries += 1
            holdings[place].entryGross = entryGross(holdings[place])
        }
        trackUnhedged()
        let open = holdings.count { !$0.isFlat }
        note(.resumed(pairs: open, orders: liveOrders.count))
        note(.ready(pairs: pairs.count))
    }

    /// Resting orders that no operation stands behind.
    func cancelResting(_ live: [Int]) {
        for place in live where orders[place].order.timeInForce == .goodTillCancelled {
            if orders[place].state == .working { cancel(place) }
        }
    }

    // MARK: Contracts

    /// The venue's contracts against ours, where nothing is under way.
    func compare(_ positions: [PositionUpdate]) {
        var agrees = liveOrders.isEmpty
        for pair in pairs {
            let id = pair.perp.id
            let isMoving = isMoving(id)
            let position = positions.first { $0.instrument == id }
            let venue = position?.net ?? .zero
            guard !isMoving, venue != netContracts[id.index] else {
                (mismatches[id.index], mismatchSince[id.index]) = (0, nil)
                continue
            }
            agrees = false
            mismatches[id.index] += 1
            let since = mismatchSince[id.index] ?? now
            mismatchSince[id.index] = since
            if mismatches[id.index] == Self.differenceTold {
                note(
                    .alert(
                        "\(pair.perp.symbol): the venue has \(venue) contracts, we have "
                            + "\(netContracts[id.index]); entries stop there"))
                foreign[id.index] = true
                ask(.fills(from: now - Self.longestLook, offset: 0))
            } else if mismatches[id.index] >= Self.differenceFollowed, now - since >= Self.historyPatience {
                // Asked for again at each look: the history may have been late.
                follow(pair, venue, position)
            } else if mismatches[id.index] > Self.differenceTold {
                ask(.fills(from: now - Self.longestLook, offset: 0))
            }
        }
        positionsAgree = agrees
        endReconciliation()
    }

    /// Orders of that instrument are under way; those that rest change nothing until they are executed.
    func isMoving(_ id: InstrumentID) -> Bool {
        liveOrders.contains { orders[$0].order.instrument == id && !orders[$0].restsQuietly }
    }

    /// What an earlier run left agrees with the exchange in contracts and balances: entries may begin.
    private func endReconciliation() {
        guard !isReconciled, positionsAgree, balancesAgree else { return }
        isReconciled = true
        forgetWalks()
        note(.reconciled)
    }

    /// No execution explains it: what the venue has is the truth. Contracts that are gone are gone from who
    /// held them, and the other leg follows; contracts that came are nobody's.
    private func follow(_ pair: Pair, _ venue: Quantity, _ position: PositionUpdate?) {
        let id = pair.perp.id
        let difference = venue - netContracts[id.index]
        guard let price = markets[id.index].mark?.mark ?? mid(pair.perp) else { return }
        (mismatches[id.index], mismatchSince[id.index]) = (0, nil)
        netContracts[id.index] = venue
        var left = Fill(
            instrument: id, side: difference > .zero ? .buy : .sell, price: price,
            quantity: difference.magnitude, fee: .zero, feeAsset: pair.perp.quote, tradeID: 0,
            venueOrderID: unseen, clientOrderID: nil, liquidity: .taker, venueTime: now)
        note(.alert("\(pair.perp.symbol): \(difference) contracts came without an execution; followed"))
        for place in holdings.indices where left.quantity > .zero {
            guard let lost = takenFrom(place, by: left) else { continue }
            let part = left.split(lost)
            left = part.rest
            note(
                .alert(
                    "\(pair.perp.symbol): \(holdings[place].owner) lost \(lost) of its leg; the other leg follows"
                ))
            book(foreign: part.first, for: place)
        }
        guard left.quantity > .zero else { return }
        ledger.book(left, of: pair.perp, owner: Account.house)
        found[id.index] += Quantity(raw: left.quantity.raw * left.side.sign)
        adoptFound(pair, position)
    }

    /// Names what came or went without an execution that could be found, once.
    private var unseen: VenueOrderID { VenueOrderID("unseen/\(now.microseconds)") }

    // MARK: Balances

    /// The venue's coins and quote against the ledger, where nothing is under way: a deposit, a withdrawal,
    /// interest, or a trade of somebody else whose execution was not seen.
    func compareBalances() {
        guard account.positionsKnown, account.debtsAreKnown else { return }
        settleOutside()
        for asset in comparedAssets where !isUnderWay(asset) {
            let difference = surplus(asset), tolerance = Self.tolerance(asset)
            guard difference.magnitude > tolerance else {
                differences.removeAll { $0.asset == asset }
                continue
            }
            let seen = differences.firstIndex { $0.asset == asset }
            guard let seen, (differences[seen].amount - difference).magnitude <= tolerance else {
                differences.removeAll { $0.asset == asset }
                differences.append(BalanceDifference(asset: asset, amount: difference, since: now))
                lookUpOutside(since: now)
                continue
            }
            differences[seen].times += 1
            lookUpOutside(since: differences[seen].since)
            if !differences[seen].isFollowed, isDue(differences[seen]) {
                differences[seen].isFollowed = true
                follow(asset, difference)
            }
        }
        guard liveOrders.isEmpty else { return }
        balancesAgree = differences.allSatisfy(\.isFollowed)
        endReconciliation()
    }

    /// It is no matter of timing, and no deposit or withdrawal that the venue lists. After a start any list
    /// of this run has what happened before.
    private func isDue(_ difference: BalanceDifference) -> Bool {
        guard difference.times >= Self.differenceFollowed else { return false }
        let first = isReconciled ? difference.since : Timestamp(microseconds: .min)
        return outside.isHeard(since: first) || now - difference.since >= Self.historyPatience
    }

    private var comparedAssets: [Asset] {
        var assets: [Asset] = [.usdc]
        for pair in pairs where !assets.contains(pair.base) { assets.append(pair.base) }
        return assets
    }

    /// Balance and what is lent, less what is borrowed; of the quote less the worth of open contracts, which
    /// the ledger books as flow.
    func venueHolds(_ asset: Asset) -> Money {
        let held = (account.balance(asset)?.total ?? .zero) + lent(asset) - account.owed(asset)
        guard asset == .usdc else { return held }
        return account.positions.reduce(held) { $0 - worth($1) + ($1.unrealised ?? .zero) }
    }

    private func follow(_ asset: Asset, _ difference: Money) {
        let pair = pairs.first { $0.base == asset }
        let given = holdings.reduce(Money.zero) {
            pair?.id == $1.pair && $1.coins > .zero ? $0 + $1.coins : $0
        }
        let house = ledger.balance(Account(Account.house, .venue), asset)
        // While nobody listened money may have come and gone. While we listen a difference is a fault, ours
        // or the venue's, that nothing may hide.
        note(
            .alert(
                "\(asset): the venue has \(difference.magnitude) \(difference > .zero ? "more" : "less") than "
                    + "the ledger: a \(difference > .zero ? "deposit" : "withdrawal"), interest or a trade by hand"
                    + (isReconciled ? "; the ledger is left as it is" : " while this host was away; followed")
            ))
        // Coins that pairs need and that are gone: the pair has lost a leg.
        if let pair, difference < .zero, house + difference < .zero, given > .zero,
            let price = mid(pair.spot)
        {
            loseCoins(pair, -difference - max(house, .zero), price)
            if house > .zero { adjust(asset, -house) }
            return markFollowed(asset)
        }
        if !isReconciled { adjust(asset, difference) }
    }

    private func adjust(_ asset: Asset, _ amount: Money) {
        markFollowed(asset)
        ledger.post(
            Posting(
                from: Account(Account.house, .adjustment), to: Account(Account.house, .venue), asset: asset,
                amount: amount, cause: .adjustment, reference: "\(now.microseconds)/\(asset)"))
    }

    private func loseCoins(_ pair: Pair, _ amount: Money, _ price: Price) {
        let quantity = Quantity(raw: Int64(clamping: quotient(amount.raw, by: 10_000, .up)))
        var left = Fill(
            instrument: pair.spot.id, side: .sell, price: price, quantity: quantity, fee: .zero,
            feeAsset: pair.spot.quote, tradeID: 0, venueOrderID: unseen, clientOrderID: nil,
            liquidity: .taker, venueTime: now)
        for place in holdings.indices where left.quantity > .zero {
            let holding = holdings[place]
            guard holding.pair == pair.id, holding.coins > .zero else { continue }
            let part = left.split(min(holding.coinQuantity, left.quantity))
            guard part.first.quantity > .zero else { continue }
            left = part.rest
            book(foreign: part.first, for: place)
            note(
                .alert(
                    "\(pair.base): \(holding.owner) lost \(part.first.quantity) of its coins; the other leg follows"
                ))
        }
        foreign[pair.spot.id.index] = true
    }

    // MARK: Strangers

    /// Settled long ago and forgotten: the history shows it once more.
    func isOurs(settled fill: Fill) -> Bool {
        guard let restored, let id = fill.clientOrderID, ids.owns(id) else { return false }
        return fill.venueTime <= restored.at
    }

    /// An execution that no order on record explains.
    func judgeStranger(_ fill: Fill, _ cause: FillOrigin) {
        let symbol = instruments[fill.instrument.index].symbol
        // What the exchange does by itself has no order of anybody, whatever number stands there.
        guard let id = fill.clientOrderID, !cause.isVenues else {
            return note(
                .alert(
                    "\(symbol): \(cause.rawValue) \(fill.side == .buy ? "bought" : "sold") \(fill.quantity) at \(fill.price); entries stop there"
                ))
        }
        if ids.owns(id) {
            return note(
                .alert("\(symbol): an execution of order \(id), ours and not on record; entries stop there"))
        }
        note(.alert("\(symbol): an execution of order \(id), which is not ours; entries stop there"))
        meetStranger(id)
    }

    /// A resting order that is not on record: one of ours is taken back, one of others is left alone.
    func judgeStranger(_ update: OrderUpdate) {
        guard !update.status.isFinal else { return }
        if let id = update.clientOrderID, orderPlaces[id] != nil { return }
        guard venueOrderPlaces[update.venueOrderID] == nil else { return }
        guard !strangeOrders.contains(update.venueOrderID.text) else {
            // Still there: the first cancel was lost.
            if let id = update.clientOrderID, ids.owns(id) { ask(.cancel(update.instrument, id)) }
            return
        }
        strangeOrders.append(update.venueOrderID.text)
        let symbol = instruments[update.instrument.index].symbol
        guard let id = update.clientOrderID, id.raw != 0 else {
            return note(.alert("\(symbol): an order rests that is not ours; it is not touched"))
        }
        guard ids.owns(id) else {
            note(.alert("\(symbol): order \(id) rests and is not ours; it is not touched"))
            return meetStranger(id)
        }
        note(.alert("\(symbol): order \(id) is ours and not on record; it is cancelled"))
        ask(.cancel(update.instrument, id))
    }

    /// Another host trades this account: nothing new until a person has looked.
    func meetStranger(_ id: ClientOrderID) {
        guard state == .active else { return }
        change(
            to: .hold, "order \(id) lies in no block that this folder reserved: another program trades here")
    }

    /// A person has looked: what agrees now may be traded again.
    func forgetStrangers() {
        for place in foreign.indices where found[place] == .zero && mismatches[place] == 0 {
            foreign[place] = false
        }
        strangeOrders = []
    }

    // MARK: Taking over

    /// Makes room for what may have to be taken over.
    /// - Precondition: after the strategies, before the first turn.
    public func standBy() {
        guard limits.adoptPolicy != .hold, slot(named: Self.adoptedOwner) == nil else { return }
        add(AbsentStrategy(name: Self.adoptedOwner))
    }

    /// Takes a found position over, with the coins that nobody claims, as `ADOPT_POLICY` says.
    func adoptFound(_ pair: Pair, _ position: PositionUpdate?) {
        guard limits.adoptPolicy != .hold, let slot = slot(named: Self.adoptedOwner) else { return }
        let id = pair.perp.id
        let contracts = found[id.index], place = place(slot, pair.id)
        guard contracts != .zero, holdings[place].isFlat, holdings[place].operation == nil,
            let perpMid = markets[id.index].mark?.mark ?? mid(pair.perp),
            let spotMid = mid(pair.spot) ?? index(of: pair)
        else { return }
        let coins = contracts < .zero ? min(unclaimedCoins(pair), contracts.magnitude) : .zero
        var holding = Holding(pair: pair.id, owner: Self.adoptedOwner, slot: slot)
        (holding.state, holding.adopted, holding.openedAt) = (.adopted, true, now)
        (holding.direction, holding.entriesMade) = (contracts < .zero ? .carry : .reverse, 1)
        (holding.coins, holding.spotGross) = (Money(raw: Int128(coins.raw) * 10_000), coins)
        (holding.perp, holding.spotCost) = (contracts, spotMid * coins)
        holding.perpCost = perpMid * contracts
        holding.tally.add(.spot, coins, at: spotMid)
        holding.tally.add(.perp, contracts, at: perpMid)
        holding.entryGross = entryGross(holding)
        let house = Account.house, owner = Self.adoptedOwner
        ledger.transfer(
            contracts, at: perpMid, of: pair.perp, from: house, to: owner,
            reference: "\(now.microseconds)/adopted/\(pair.perp.symbol)")
        ledger.transfer(
            coins, at: spotMid, of: pair.spot, from: house, to: owner,
            reference: "\(now.microseconds)/adopted/\(pair.spot.symbol)")
        holding.profit.basis = -residual(holding)
        slots[slot].profit.basis += holding.profit.basis
        holdings[place] = holding
        found[id.index] = .zero
        foreign[id.index] = false
        note(
            .alert(
                "\(pair.perp.symbol): \(contracts) contracts and \(coins) \(pair.base) are taken over, as "
                    + "ADOPT_POLICY=\(limits.adoptPolicy.rawValue) says"))
    }

    /// Coins of the account that neither a pair nor the user's own inventory claims.
    private func unclaimedCoins(_ pair: Pair) -> Quantity {
        let given = holdings.reduce(Money.zero) {
            $1.pair == pair.id && $1.coins > .zero ? $0 + $1.coins : $0
        }
        let free = (account.balance(pair.base)?.total ?? .zero) + lent(pair.base) - given
        let coins = Quantity(raw: Int64(clamping: quotient(free.raw, by: 10_000, .down)))
        return max(coins - limits.ownCoins(of: pair.base), .zero)
    }
}

/// How much more the venue has of an asset than the ledger says, and how often running that was seen.
struct BalanceDifference {
    let asset: Asset
    var amount: Money
    let since: Timestamp
    var times = 1
    /// Told, and where the ledger follows it followed.
    var isFollowed = false
}
