extension Engine {
    /// An order on one leg that brings the legs of a holding together, at the E4 limit of the attempt.
    /// - Returns: `nil` when nothing tradable is missing or no price at all is known.
    func reducingDraft(_ place: Int, _ leg: Leg, attempt: Int, inFlight: Quantity = .zero) -> Draft? {
        let imbalance = holdings[place].imbalance
        let side: Side = imbalance > .zero ? .sell : .buy
        let missing = imbalance.magnitude - inFlight
        guard missing > .zero else { return nil }
        return reducingDraft(place, leg, side, tradable(place, leg, side, missing), attempt: attempt)
    }

    /// `missing` coins or contracts as an order quantity: a spot buy is larger by the fee taken in base.
    func tradable(_ place: Int, _ leg: Leg, _ side: Side, _ missing: Quantity) -> Quantity {
        let pair = pair(of: place)
        switch (leg, side) {
        case (.perp, _): return missing.onLot(pair.perp.lotSize, .nearestHalfDown)
        case (.spot, .buy):
            return Execution.spotQuantity(
                perp: missing, dust: .zero, baseFee: account.fees.spotTaker, lot: pair.spot.lotSize)
        case (.spot, .sell):
            let wanted = missing.onLot(pair.spot.lotSize, .nearestHalfDown)
            let owned = holdings[place].coinQuantity.onLot(pair.spot.lotSize, .down)
            // A carry never sells coins the ledger does not give to the pair.
            return holdings[place].direction == .carry ? min(wanted, max(owned, .zero)) : wanted
        }
    }

    /// A risk-reducing limit order: checked for size and collar, never denied for a bad book (FORMULAS E4).
    func reducingDraft(_ place: Int, _ leg: Leg, _ side: Side, _ quantity: Quantity, attempt: Int) -> Draft? {
        let pair = pair(of: place)
        let instrument = leg == .spot ? pair.spot : pair.perp
        // Where nothing can be taken it rests at the touch; where nothing can rest it waits.
        let rests = !canTake(instrument)
        guard quantity >= instrument.minQuantity, quantity > .zero,
            !rests || (canRest(instrument) && !stopping),
            let price = rests ? ownTouch(instrument, side) : reducingPrice(instrument, side, attempt)
        else { return nil }
        guard let passage = passage(place, leg, side, quantity) else { return nil }
        let reverse = holdings[place].direction == .reverse
        return Draft(
            passage: passage, leg: leg, side: side, price: price, quantity: quantity,
            timeInForce: rests ? .goodTillCancelled : .immediateOrCancel, postOnly: rests,
            reduceOnly: leg == .perp ? reducesNet(instrument, side, quantity) : nil, selfTrade: .rejectMaker,
            opensBorrow: reverse && side == .sell && limits.allowBorrow,
            closesBorrow: reverse && side == .buy && mayOwe(pair), redeems: lends)
    }

    /// The account owes the pair's base, or may, as far as it has been read: what a reverse sold of its own
    /// is only bought back, and whoever owes nothing has nothing to repay (FORMULAS E11).
    func mayOwe(_ pair: Pair) -> Bool {
        if account.owed(pair.base) > .zero { return true }
        guard account.debtsAreKnown, let read = account.debtsReadAt else { return true }
        return borrowSales[pair.spot.id.index].map { $0 + Self.debtsLag >= read } ?? false
    }

    /// What is lent has to be redeemed for an order that gives it away.
    var lends: Bool {
        account.facts?.autoLend == true
            || account.collateral?.weights.contains { $0.lent > .zero } == true
    }

    /// The gate's review of an order that is to reduce risk, by whomever it is asked for.
    func passage(_ place: Int, _ leg: Leg, _ side: Side, _ quantity: Quantity) -> Passage? {
        // A spot buy is larger by the fee that is taken from it: what counts is what arrives.
        let fee = leg == .spot && side == .buy ? account.fees.spotTaker : .zero
        let arriving = Quantity(
            raw: Int64(
                quotient(Int128(quantity.raw) * Int128(10_000_000_000 - fee.raw), by: 10_000_000_000, .down)))
        let verdict = RiskGate.reviewReducing(
            leg, side, arriving, coins: holdings[place].coinQuantity, contracts: holdings[place].perp,
            tolerance: pair(of: place).commonLot)
        switch verdict {
        case .approved(let passage): return passage
        case .denied(let denial):
            counters.denials[denial.reason] += 1
            counters.ordersDenied += 1
            note(.denied(owner: holdings[place].owner, pair: pair(of: place).base.symbol, denial))
            return nil
        }
    }

    func reducingPrice(_ instrument: Instrument, _ side: Side, _ attempt: Int) -> Price? {
        let gate = RiskGate(limits)
        let reference = mid(instrument)
        let isFresh = age(instrument).map { $0 <= limits.bookAgeMax } ?? false
        let book = book(instrument)
        let touch = side == .buy ? book.bestAsk : book.bestBid
        if let touch, book.isSynced, !book.isCrossed, isFresh {
            let price = Execution.reducingLimit(
                side, touch: touch.price, attempt: attempt, tick: instrument.tickSize)
            let inside = gate.collared(price, side, reference: reference, tick: instrument.tickSize)
            // The price beyond is what was denied; the order leaves at the collar.
            if inside != price { counters.denials[.hedgeCollar] += 1 }
            return inside
        }
        guard let known = self.reference(instrument) ?? reference else { return nil }
        let price = Execution.reducingLimitBlind(side, mark: known, tick: instrument.tickSize)
        return gate.collared(price, side, reference: known, tick: instrument.tickSize)
    }

    /// `true` only when the order brings the venue's net position closer to zero without crossing it;
    /// strategies share one net position, and a close that grows it would be refused as reduce-only (FORMULAS
    /// E11).
    func reducesNet(_ instrument: Instrument, _ side: Side, _ quantity: Quantity) -> Bool? {
        let net = netContracts[instrument.id.index]
        let after = net + Quantity(raw: quantity.raw * side.sign)
        let closer = after.magnitude < net.magnitude
        let crosses = (net > .zero && after < .zero) || (net < .zero && after > .zero)
        return closer && !crosses ? true : nil
    }
}
