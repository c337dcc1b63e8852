import Core

/// One row of `GET /api/v1/markets`, every figure in the venue's own text where this program does not count
/// with it.
public struct MarketListing: Sendable, Equatable {
    public var symbol: String, base: String, quote: String
    /// `SPOT`, `PERP`, … and `STOCK`, … or `nil` for crypto.
    public var marketType: String, rwaMarketType: String?
    public var tickSize: String, minPrice: String, maxPrice: String?
    /// Band of limit prices around the active price.
    public var minMultiplier: String?, maxMultiplier: String?
    /// How far a taker reaches from the touch.
    public var minImpactMultiplier: String?, maxImpactMultiplier: String?
    public var meanMarkMin: String?, meanMarkMax: String?
    public var premiumTolerance: String?
    public var borrowEntryFeeMin: String?, borrowEntryFeeMax: String?
    public var minPriceUpdate: String?, maxPriceUpdate: String?
    public var stepSize: String, minQuantity: String, maxQuantity: String?
    /// `max(base, factor·√notional)`; both texts or neither.
    public var imfBase: String?, imfFactor: String?, mmfBase: String?, mmfFactor: String?
    /// Milliseconds; meaningless on spot.
    public var fundingInterval: Int64?
    /// Basis points per interval.
    public var fundingUpper: String?, fundingLower: String?
    public var openInterestLimit: String?, positionLimitWeight: String?
    public var state: String, createdAt: String
    public var visible: Bool

    /// The rows of a `GET /api/v1/markets` body in their order; rows that cannot be read are left out.
    public static func list(_ body: [UInt8]) throws(FrameFault) -> [MarketListing] {
        var parser = JSONParser(bytesMax: JSONParser.replyBytesMax)
        return try parser.read(body) { root throws(FrameFault) in
            guard root.kind == .array else { throw FrameFault(field: "", found: root.shown) }
            var rows: [MarketListing] = []
            for row in root.elements { if let listing = try? MarketListing(row) { rows.append(listing) } }
            return rows
        }
    }

    init(_ node: JSONNode) throws(FrameFault) {
        let filters = try node.required("filters")
        let price = try filters.required("price"), quantity = try filters.required("quantity")
        func option(_ node: JSONNode?, _ key: StaticString) -> String? { node?.optional(key)?.text?.string }
        symbol = try node.text("symbol").string
        base = try node.text("baseSymbol").string
        quote = try node.text("quoteSymbol").string
        marketType = try node.text("marketType").string
        rwaMarketType = option(node, "rwaMarketType")
        tickSize = try price.text("tickSize").string
        minPrice = option(price, "minPrice") ?? tickSize
        maxPrice = option(price, "maxPrice")
        (minMultiplier, maxMultiplier) = (option(price, "minMultiplier"), option(price, "maxMultiplier"))
        (minImpactMultiplier, maxImpactMultiplier) = (
            option(price, "minImpactMultiplier"), option(price, "maxImpactMultiplier")
        )
        let band = price.optional("meanMarkPriceBand")
        (meanMarkMin, meanMarkMax) = (option(band, "minMultiplier"), option(band, "maxMultiplier"))
        premiumTolerance = option(price.optional("meanPremiumBand"), "tolerancePct")
        borrowEntryFeeMin = option(price, "borrowEntryFeeMinMultiplier")
        borrowEntryFeeMax = option(price, "borrowEntryFeeMaxMultiplier")
        (minPriceUpdate, maxPriceUpdate) = (
            option(price, "minPriceUpdateMultiplier"), option(price, "maxPriceUpdateMultiplier")
        )
        stepSize = try quantity.text("stepSize").string
        minQuantity = option(quantity, "minQuantity") ?? stepSize
        maxQuantity = option(quantity, "maxQuantity")
        let imf = node.optional("imfFunction"), mmf = node.optional("mmfFunction")
        (imfBase, imfFactor) = (option(imf, "base"), option(imf, "factor"))
        (mmfBase, mmfFactor) = (option(mmf, "base"), option(mmf, "factor"))
        fundingInterval = node.optional("fundingInterval")?.integer
        (fundingUpper, fundingLower) = (
            option(node, "fundingRateUpperBound"), option(node, "fundingRateLowerBound")
        )
        openInterestLimit = option(node, "openInterestLimit")
        positionLimitWeight = option(node, "positionLimitWeight")
        state = option(node, "orderBookState") ?? ""
        createdAt = option(node, "createdAt") ?? ""
        visible = node.optional("visible")?.flag ?? true
    }

    /// The row as the venue writes it: keys in alphabetical order, `null` where there is nothing.
    public func write(to json: inout JSONText) {
        json.object { row in
            row.field("baseSymbol", base)
            row.field("createdAt", createdAt)
            row.key("filters")
            row.object { filters in
                filters.key("price")
                filters.object { writePrice(to: &$0) }
                filters.key("quantity")
                filters.object {
                    $0.field("maxQuantity", maxQuantity)
                    $0.field("minQuantity", minQuantity)
                    $0.field("stepSize", stepSize)
                }
            }
            row.field("fundingInterval", fundingInterval)
            row.field("fundingRateLowerBound", fundingLower)
            row.field("fundingRateUpperBound", fundingUpper)
            row.key("imfFunction")
            MarketListing.curve(imfBase, imfFactor, to: &row)
            row.field("marketType", marketType)
            row.key("mmfFunction")
            MarketListing.curve(mmfBase, mmfFactor, to: &row)
            row.field("openInterestLimit", openInterestLimit)
            row.field("orderBookState", state)
            row.field("positionLimitWeight", positionLimitWeight)
            row.field("quoteSymbol", quote)
            row.field("rwaMarketType", rwaMarketType)
            row.field("symbol", symbol)
            row.field("visible", visible)
        }
    }

    private func writePrice(to json: inout JSONText) {
        json.field("borrowEntryFeeMaxMultiplier", borrowEntryFeeMax)
        json.field("borrowEntryFeeMinMultiplier", borrowEntryFeeMin)
        json.key("discoveryBoundBand")
        json.null()
        json.field("maxImpactMultiplier", maxImpactMultiplier)
        json.field("maxMultiplier", maxMultiplier)
        json.field("maxPrice", maxPrice)
        json.field("maxPriceUpdateMultiplier", maxPriceUpdate)
        json.key("meanMarkPriceBand")
        if let meanMarkMin, let meanMarkMax {
            json.object {
                $0.field("maxMultiplier", meanMarkMax)
                $0.field("minMultiplier", meanMarkMin)
            }
        } else {
            json.null()
        }
        json.key("meanPremiumBand")
        if let premiumTolerance {
            json.object { $0.field("tolerancePct", premiumTolerance) }
        } else {
            json.null()
        }
        json.field("minImpactMultiplier", minImpactMultiplier)
        json.field("minMultiplier", minMultiplier)
        json.field("minPrice", minPrice)
        json.field("minPriceUpdateMultiplier", minPriceUpdate)
        json.field("tickSize", tickSize)
    }

    static func curve(_ base: String?, _ factor: String?, to json: inout JSONText) {
        guard let base, let factor else { return json.null() }
        json.object {
            $0.field("base", base)
            $0.field("factor", factor)
            $0.field("type", "sqrt")
        }
    }

    /// The instrument of this row.
    /// - Returns: `nil` with no reason when it is none of ours (other kinds, other quotes); a reason when it
    ///   does not fit.
    public func instrument(_ id: InstrumentID) -> (instrument: Instrument?, reason: String?) {
        guard let kind = InstrumentKind(rawValue: marketType), quote == "USDC" else { return (nil, nil) }
        guard let tick = Price(tickSize), tick.raw > 0 else {
            return (nil, "\(symbol): tick \(tickSize) does not fit eight decimals")
        }
        guard let step = Quantity(stepSize), step.raw > 0 else {
            return (nil, "\(symbol): step \(stepSize) does not fit eight decimals")
        }
        guard let least = Quantity(minQuantity), least.raw >= 0 else {
            return (nil, "\(symbol): least quantity \(minQuantity) does not fit eight decimals")
        }
        let isPerp = kind == .perp
        let interval = isPerp ? fundingInterval.map { TimeSpan.milliseconds($0) } : nil
        return (
            Instrument(
                id: id, symbol: symbol, kind: kind, base: Asset(base), quote: Asset(quote), tickSize: tick,
                lotSize: step, minQuantity: least, fundingInterval: interval,
                initialMargin: isPerp ? MarketListing.margin(imfBase, imfFactor) : nil,
                maintenanceMargin: isPerp ? MarketListing.margin(mmfBase, mmfFactor) : nil,
                state: BookState(rawValue: state) ?? .unknown, bounds: bounds(isPerp)), nil
        )
    }

    /// A bound whose text is beyond what can be counted binds nothing.
    private func bounds(_ isPerp: Bool) -> MarketBounds {
        func part(_ text: String?, _ rounding: Rounding) -> Percent? {
            text.flatMap { DecimalText.parse($0, places: 8, rounding: rounding) }
                .flatMap { Int64(exactly: $0) }.map(Percent.init(raw:))
        }
        var bounds = MarketBounds()
        bounds.quantityMax = maxQuantity.flatMap { Quantity($0) }
        (bounds.limitLow, bounds.limitHigh) = (part(minMultiplier, .up), part(maxMultiplier, .down))
        (bounds.impactLow, bounds.impactHigh) = (
            part(minImpactMultiplier, .up), part(maxImpactMultiplier, .down)
        )
        guard isPerp else { return bounds }
        bounds.openInterestMax = openInterestLimit.flatMap { Quantity($0) }
        bounds.positionWeight = part(positionLimitWeight, .up)
        return bounds
    }

    private static func margin(_ base: String?, _ factor: String?) -> MarginCurve? {
        guard let base, let factor, let b = DecimalText.parse(base, places: 12, rounding: .up),
            let f = DecimalText.parse(factor, places: 12, rounding: .up), let low = Int64(exactly: b),
            let slope = Int64(exactly: f)
        else { return nil }
        return MarginCurve(base: low, factor: slope)
    }
}

/// The instruments of a markets answer in order of symbol, and what was left out.
struct MarketRows {
    var instruments: [Instrument] = []
    var skipped: [String] = []

    init(_ root: JSONNode) throws(FrameFault) {
        guard root.kind == .array else { throw FrameFault(field: "", found: root.shown) }
        for (number, row) in root.elements.enumerated() {
            do {
                let (instrument, reason) = try MarketListing(row).instrument(InstrumentID(0))
                if let instrument { instruments.append(instrument) }
                if let reason { skipped.append(reason) }
            } catch {
                let symbol = row.optional("symbol")?.text?.string ?? "row \(number)"
                skipped.append("\(symbol): \(error)")
            }
        }
    }
}
