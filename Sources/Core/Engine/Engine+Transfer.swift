/// An exit of one strategy meets an entry of another (FORMULAS E15): what the first leaves the second takes
/// over at mid, inside the host. No order is sent, and four fees and two widths are saved.
///
/// They meet inside one evaluation of a pair, whichever was decided first: an exit by an economic rule or by
/// the script, by takers and not yet sent, and an approved taker entry of another strategy in the same
/// direction. For that the exits of an evaluation wait until the wishes were served, and go out in the same
/// turn with what is left of them. Not met: protective exits and flattening, which lean on no partner; exits
/// that rest; exits with an order out; entries that post; and the rest of a post, which is taken before the
/// pair is evaluated.
///
/// The entry has passed the risk gate as if all of it were ordered. What moves is the smaller of the two, on
/// the common lot or the whole of the exit. Neither what stays with the leaving strategy nor what moves may
/// be less than the least quantity; a rest of the entry that is less is dropped. Coins go with the contracts
/// so that both sides stay hedged: as many as the entering one lacks, never more than the leaving one has;
/// what it keeps beyond its contracts is dust, as after any exit.
extension Engine {
    /// Leaves an exit that was decided unsent until the wishes of this evaluation were served.
    func wait(_ place: Int) {
        holdings[place].operation?.waits = true
        exitsWait = true
    }

    /// Sends what is left of the exits that waited, closes the rounds of those that were taken over whole.
    func sendExits(_ pair: Pair) {
        exitsWait = false
        for slot in slots.indices {
            let place = place(slot, pair.id)
            guard holdings[place].operation?.waits == true else { continue }
            holdings[place].operation?.waits = false
            settleExit(place)
        }
    }

    /// A taker entry: what others are leaving is taken over, the rest is ordered.
    /// - Returns: `false` when nothing was taken over and nothing sent.
    func enter(_ approved: Approved) -> Bool {
        let intent = approved.intent
        let place = intent.holding
        let left = takeOver(intent)
        if left == intent.quantity { return take(approved) }
        if let rest = rest(of: approved, left), take(rest) { return true }
        if !holdings[place].state.isBusy {
            move(place, holdings[place].state == .idle ? .takerEntry : .addition)
        }
        finishEntry(place)
        return true
    }

    /// What the market still has to give; `nil` when it is too little to be ordered.
    private func rest(of approved: Approved, _ left: Quantity) -> Approved? {
        let intent = approved.intent
        let pair = pairs[intent.pair.index]
        let quantity = left.onLot(pair.commonLot, .down)
        guard quantity >= pair.leastQuantity else { return nil }
        let carry = intent.direction == .carry
        // What was taken over may be a fraction of a lot out of balance: the spot order evens it out (E1).
        let ahead = holdings[intent.holding].imbalance
        let spot = Execution.spotQuantity(
            perp: quantity, dust: carry ? ahead : -ahead, baseFee: carry ? account.fees.spotTaker : .zero,
            lot: pair.spot.lotSize)
        return spot >= pair.spot.minQuantity ? approved.part(quantity, spot: spot) : nil
    }

    /// - Returns: what is left of the entry.
    private func takeOver(_ intent: Intent) -> Quantity {
        var left = intent.quantity
        let pair = pairs[intent.pair.index]
        guard exitsWait, let spotMid = mid(pair.spot), let perpMid = mid(pair.perp) else { return left }
        for slot in slots.indices {
            let from = place(slot, intent.pair)
            guard holdings[from].operation?.waits == true, from != intent.holding,
                holdings[from].direction == intent.direction, left > .zero,
                let share = share(of: from, for: intent.holding, atMost: left)
            else { continue }
            hand(.spot, share.coins, at: spotMid, from: from, to: intent.holding)
            hand(.perp, share.contracts, at: perpMid, from: from, to: intent.holding)
            counters.transfers += 1
            note(
                .transfer(
                    from: holdings[from].owner, to: holdings[intent.holding].owner, pair: pair.base.symbol,
                    quantity: share.contracts.magnitude))
            left -= share.contracts.magnitude
        }
        return left
    }

    /// Signed coins and contracts that can go from one holding to another with both hedged afterwards; `nil`
    /// when there are none.
    private func share(
        of from: Int, for to: Int, atMost: Quantity
    ) -> (coins: Quantity, contracts: Quantity)? {
        let pair = pair(of: from)
        let (giver, taker) = (holdings[from], holdings[to])
        let least = pair.leastQuantity
        let held = giver.perp.magnitude
        var size = atMost >= held ? held : atMost.onLot(pair.commonLot, .down)
        let stays = held - size
        // Less than can be traded must not stay behind.
        if stays > .zero, stays < least { size = (held - least).onLot(pair.commonLot, .down) }
        guard size >= least else { return nil }
        let contracts = Quantity(raw: size.raw * giver.perp.raw.signum())
        // What moves is out of balance by `lean`: as much as evens out the taker, and not so much that it
        // leaves the giver with a leg to trade.
        let most = Quantity(raw: least.raw - 1)
        let lean = min(max(-taker.imbalance, giver.imbalance - most), giver.imbalance + most)
        // Whole hundred-millionths, toward zero.
        let owned = Quantity(raw: Int64(giver.coins.raw / 10_000))
        let coins = min(max(lean - contracts, min(owned, .zero)), max(owned, .zero))
        let moved = coins + contracts
        guard (giver.imbalance - moved).magnitude < least, (taker.imbalance + moved).magnitude < least
        else { return nil }
        return (coins, contracts)
    }

    private func hand(_ leg: Leg, _ moved: Quantity, at price: Price, from: Int, to: Int) {
        let pair = pair(of: from)
        let paid = ledger.transfer(
            moved, at: price, of: leg == .spot ? pair.spot : pair.perp, from: holdings[from].owner,
            to: holdings[to].owner, reference: "\(now.microseconds)/\(counters.transfers)/\(leg.rawValue)")
        book(-moved, leg, price, cash: paid, in: from)
        book(moved, leg, price, cash: -paid, in: to)
    }

    /// One side of a transfer of a leg, as a fill at mid without a fee: figures and causes of the holding.
    func book(_ moved: Quantity, _ leg: Leg, _ price: Price, cash: Money, in place: Int) {
        if leg == .spot {
            holdings[place].coins += Money(raw: Int128(moved.raw) * 10_000)
            holdings[place].spotGross += moved
            holdings[place].spotCost += price * moved
        } else {
            holdings[place].perp += moved
            holdings[place].perpCost += price * moved
        }
        holdings[place].tally.add(leg, moved, at: price)
        if holdings[place].openedAt == nil { holdings[place].openedAt = now }
        let operation = holdings[place].operation
        let decided = (leg == .spot ? operation?.spotMid : operation?.perpMid) ?? price
        var causes = ProfitAndLoss()
        causes.basis = -(decided * moved).rounded(.nearest)
        causes.legRisk = -(price * moved).rounded(.nearest) - causes.basis
        // What rounding leaves: the sum is the cash of the ledger, exactly.
        causes.crossing = cash - causes.basis - causes.legRisk
        holdings[place].profit.add(causes)
        slots[holdings[place].slot].profit.add(causes)
    }
}
