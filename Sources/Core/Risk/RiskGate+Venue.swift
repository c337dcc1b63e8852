/// Controls that lean on what the venue says, and on what this program did lately.
extension RiskGate {
    // MARK: Cash

    /// How far all prices may rise before the cash of the account is used up, and before it is liquidated.
    /// - Parameters: `free` before and `left` after the entry.
    func runwayDenial(_ intent: Intent, left: Money, free: Money, _ picture: RiskPicture) -> Denial? {
        guard let before = picture.shorts else {
            return Denial(.runway, asked: "shorts without a price", allowed: "a known price")
        }
        let alarm = RiskGate.fraction(FixedLimits.runwayLow, of: before)
        if free < alarm { return Denial(.lowRunway, asked: "\(free)", allowed: "\(alarm)") }
        guard intent.direction == .carry else { return nil }
        let shorts = before + (intent.perpPrice * intent.quantity).roundedUp()
        let least = Percent(raw: limits.runwayMin.raw / 100)
        let needed = RiskGate.fraction(least, of: shorts)
        if left < needed { return Denial(.runway, asked: "\(left)", allowed: "\(needed)") }
        if picture.borrowsToSettle != true {
            let more = RiskGate.fraction(FixedLimits.runwayWithoutBorrowing, of: shorts)
            if left < more { return Denial(.sellsForDebts, asked: "\(left)", allowed: "\(more)") }
        }
        return liquidationDenial(intent, left: left, shorts: shorts, picture)
    }

    /// FORMULAS 6: the rise at which carry pairs are liquidated, after this entry.
    private func liquidationDenial(
        _ intent: Intent, left: Money, shorts: Money, _ picture: RiskPicture
    ) -> Denial? {
        guard let coins = picture.coinsAsCollateral, let weight = picture.weight,
            let maintenance = picture.maintenanceMargin
        else {
            return Denial(.liquidationRise, asked: "an entry", allowed: "known collateral and margin")
        }
        let bought = (intent.spotPrice * intent.spotQuantity).rounded(.down)
        let weighted = coins + Money(raw: quotient(bought.raw * Int128(weight.raw), by: 100_000_000, .down))
        let rise = Figures.liquidationDistance(
            quote: left, weightedCoins: weighted, shorts: shorts, maintenance: maintenance)
        // None means that no rise does it.
        guard let rise, rise < FixedLimits.liquidationRiseMin else { return nil }
        return Denial(
            .liquidationRise, asked: "a rise of \(rise)", allowed: "\(FixedLimits.liquidationRiseMin)")
    }

    // MARK: Bounds of the venue

    /// Grid, size and band of both legs and of what closes them again: what cannot be closed is not opened.
    func gridDenial(_ intent: Intent, _ picture: RiskPicture) -> Denial? {
        let legs = [
            (picture.spot, intent.spotQuantity, intent.spotPrice, picture.spotMid),
            (picture.perp, intent.quantity, intent.perpPrice, picture.perpMid),
        ]
        for (instrument, quantity, price, mid) in legs {
            guard let instrument else {
                return Denial(.offGrid, asked: "\(quantity) @ \(price)", allowed: "a known market")
            }
            if quantity.raw % instrument.lotSize.raw != 0 || price.raw % instrument.tickSize.raw != 0 {
                return Denial(
                    .offGrid, asked: "\(quantity) @ \(price)",
                    allowed: "lots of \(instrument.lotSize), ticks of \(instrument.tickSize)")
            }
            if let denial = sizeDenial(quantity, instrument) ?? bandDenial(price, mid, instrument) {
                return denial
            }
        }
        // A buy whose fee leaves less than can be sold again would end as dust.
        guard let spot = picture.spot, intent.direction == .carry, !intent.isAddition else { return nil }
        let coins = Execution.coinsAfter(
            spot: intent.spotQuantity, baseFee: picture.fees.spotTaker, dust: .zero)
        let whole = Quantity(raw: Int64(quotient(coins.raw, by: 10_000, .down)))
        let closes = Execution.exitSpotQuantity(coins: whole, lot: spot.lotSize)
        if closes < spot.minQuantity || closes <= .zero {
            return Denial(.belowMinimum, asked: "\(closes) to sell again", allowed: "\(spot.minQuantity)")
        }
        return nil
    }

    private func sizeDenial(_ quantity: Quantity, _ instrument: Instrument) -> Denial? {
        if quantity < instrument.minQuantity || quantity <= .zero {
            return Denial(.belowMinimum, asked: "\(quantity)", allowed: "\(instrument.minQuantity)")
        }
        if let most = instrument.bounds.quantityMax, quantity > most {
            return Denial(.aboveMaximum, asked: "\(quantity)", allowed: "\(most)")
        }
        return nil
    }

    /// The venue refuses limit prices outside its band around the active price, which the mid stands for, and
    /// lets no taker reach further than its impact band: a hedge must be able to.
    private func bandDenial(_ price: Price, _ mid: Price?, _ instrument: Instrument) -> Denial? {
        let bounds = instrument.bounds
        if let mid {
            func bound(_ part: Percent, _ rounding: Rounding) -> Price {
                let raw = quotient(Int128(mid.raw) * Int128(part.raw), by: 100_000_000, rounding)
                return Price(raw: Int64(clamping: raw))
            }
            if let low = bounds.limitLow, price < bound(low, .up) {
                return Denial(.priceBand, asked: "\(price)", allowed: "\(bound(low, .up))")
            }
            if let high = bounds.limitHigh, price > bound(high, .down) {
                return Denial(.priceBand, asked: "\(price)", allowed: "\(bound(high, .down))")
            }
        }
        let reach = FixedLimits.hedgeReach.raw / 100
        let up = bounds.impactHigh.map { $0.raw - Percent.unit } ?? reach
        let down = bounds.impactLow.map { Percent.unit - $0.raw } ?? reach
        if min(up, down) < reach {
            return Denial(
                .priceBand, asked: "a hedge \(FixedLimits.hedgeReach) % out",
                allowed: "takers reach \(Percent(raw: min(up, down) * 100)) %")
        }
        return nil
    }

    /// What the venue allows the account, and everybody in this perp.
    func venueDenial(_ intent: Intent, _ picture: RiskPicture) -> Denial? {
        guard let perp = picture.perp else { return nil }
        if let most = picture.positionMax {
            guard let there = picture.positions else {
                return Denial(.positionLimit, asked: "positions without a price", allowed: "\(most)")
            }
            let weight = perp.bounds.positionWeight ?? Percent(raw: Percent.unit)
            let new = there + RiskGate.fraction(weight, of: (intent.perpPrice * intent.quantity).roundedUp())
            if new > most { return Denial(.positionLimit, asked: "\(new)", allowed: "\(most)") }
        }
        if let most = perp.bounds.openInterestMax {
            guard let open = picture.openInterest else {
                return Denial(.openInterest, asked: "open interest not read", allowed: "\(most)")
            }
            let new = open + intent.quantity
            if new > most { return Denial(.openInterest, asked: "\(new)", allowed: "\(most)") }
        }
        return nil
    }

    // MARK: Running away

    /// A program that does the same again and again, or far more than it trades, is wrong about something.
    func churnDenial(_ intent: Intent, _ picture: RiskPicture) -> Denial? {
        if let last = picture.lastEntry, last.direction == intent.direction,
            last.quantity == intent.quantity, picture.now - last.at < FixedLimits.repetitionWithin
        {
            return Denial(
                .repetition, asked: "the same after \((picture.now - last.at).milliseconds) ms",
                allowed: "\(FixedLimits.repetitionWithin.milliseconds) ms")
        }
        if let resting = intent.resting {
            let posts = resting.rest == .both ? 2 : 1
            if let denial = RiskGate.postsDenial(
                own: picture.ownPostsLastMinute + posts, all: picture.postsLastMinute + posts)
            {
                return denial
            }
        } else {
            for takes in [picture.ownTakes, picture.takes] {
                let most = FixedLimits.entriesPerFillMax * max(1, takes.fills)
                if takes.orders + 2 > most {
                    return Denial(.entriesPerFill, asked: "\(takes.orders + 2) orders", allowed: "\(most)")
                }
            }
        }
        let requests = picture.requestsLastMinute + FixedLimits.requestsOfEntry
        if requests > FixedLimits.requestsPerMinuteMax {
            return Denial(
                .requestBudget, asked: "\(requests)", allowed: "\(FixedLimits.requestsPerMinuteMax)")
        }
        return nil
    }

    /// - Parameters: posts within a minute with the one that is asked for.
    static func postsDenial(own: Int, all: Int) -> Denial? {
        let checks = [
            (own, FixedLimits.postsPerMinuteMax), (all, FixedLimits.allPostsPerMinuteMax),
        ]
        for (posts, most) in checks where posts > most {
            return Denial(.postsPerMinute, asked: "\(posts)", allowed: "\(most)")
        }
        return nil
    }
}
