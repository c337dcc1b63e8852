import Core

/// Answers about what the venue allows: states of markets, lending, collateral, open interest.
extension ReplyReader {
    /// The state of one market; the answer must be about that one.
    static func state(_ root: JSONNode, _ symbol: String) throws(FrameFault) -> BookState {
        let named = try root.text("symbol").string
        guard named == symbol else { throw FrameFault(field: "symbol", found: named) }
        return BookState(rawValue: try root.text("orderBookState").string) ?? .unknown
    }

    /// A row of the history of interest.
    static func interest(_ row: JSONNode) throws(FrameFault) -> InterestPayment {
        InterestPayment(
            asset: Asset(try row.text("symbol").string),
            kind: InterestKind(rawValue: try row.text("paymentType").string),
            quantity: try row.money("quantity", .down),
            position: row.optional("positionId") == nil ? "" : try row.identifier("positionId"),
            at: try row.calendarTime("timestamp"))
    }

    /// What is lent or borrowed of an asset.
    static func lent(_ row: JSONNode) throws(FrameFault) -> BorrowLendPosition {
        BorrowLendPosition(
            asset: Asset(try row.text("symbol").string), net: try row.money("netQuantity", .down))
    }

    static func fills(_ root: JSONNode, _ catalogue: Catalogue) throws(FrameFault) -> Reply {
        let fills = try known(root, catalogue) { row, id throws(FrameFault) in
            try Fill(history: row, instrument: id)
        }
        var listed = 0
        for _ in root.elements { listed += 1 }
        return listed == fills.count || listed < RequestText.pageRows
            ? .fills(fills) : .fillsPage(fills, listed: listed)
    }

    /// A row of the histories of orders and executions, of which only the name is wanted.
    static func name(_ list: OrderHistory, _ row: JSONNode) throws(FrameFault) -> FormerOrder {
        FormerOrder(
            id: row.clientOrderID("clientId"),
            at: try row.calendarTime(list == .orders ? "createdAt" : "timestamp"))
    }

    /// A row of the lists of deposits and withdrawals.
    static func transfer(
        _ kind: OutsideTransfer.Kind, _ row: JSONNode
    ) throws(FrameFault) -> OutsideTransfer {
        OutsideTransfer(
            kind: kind, id: try row.integer("id"), asset: Asset(try row.text("symbol").string),
            quantity: try row.money("quantity", .down),
            fee: kind == .withdrawal ? try row.optionalMoney("fee", .up) ?? .zero : .zero,
            state: OutsideTransfer.State(try row.text("status").string, of: kind),
            at: try row.calendarTime("createdAt"))
    }

    static func venueTerms(
        _ request: Request, _ root: JSONNode, _ catalogue: Catalogue
    ) throws(FrameFault) -> Reply {
        switch request {
        case .lendingMarkets:
            return .lendingMarkets(
                try rows(root) { row throws(FrameFault) in try LendingMarket(row) })
        case .borrowRoom(let asset):
            let named = try root.text("symbol").string
            guard named == asset.symbol else { throw FrameFault(field: "symbol", found: named) }
            let raw = try root.decimal64("maxBorrowQuantity", places: Quantity.places, .down)
            return .borrowRoom(Quantity(raw: raw))
        case .collateralTerms:
            return .collateralTerms(
                try rows(root) { row throws(FrameFault) in try CollateralTerms(row) }.compactMap(\.self))
        case .openInterest:
            let read = try known(root, catalogue) { row, id throws(FrameFault) -> OpenInterest? in
                guard row.optional("openInterest") != nil else { return nil }
                let raw = try row.decimal64("openInterest", places: Quantity.places, .up)
                return OpenInterest(instrument: id, quantity: Quantity(raw: raw))
            }
            return .openInterest(read.compactMap(\.self))
        default: throw FrameFault(field: "", found: "an answer to another question")
        }
    }
}

extension JSONNode {
    /// A part of one: 1.0 is 100 000 000.
    fileprivate func part(_ key: StaticString, _ rounding: Rounding) throws(FrameFault) -> Percent {
        Percent(raw: try decimal64(key, places: 8, rounding))
    }

    /// A fraction a year as percent.
    fileprivate func yearly(_ key: StaticString, _ rounding: Rounding) throws(FrameFault) -> Percent {
        Percent(raw: try decimal64(key, places: 10, rounding))
    }
}

extension LendingMarket {
    /// What costs is rounded up, what is earned down.
    init(_ row: JSONNode) throws(FrameFault) {
        self.init(
            asset: Asset(try row.text("symbol").string), isOpen: try row.text("state") == "Open",
            borrowRate: try row.yearly("borrowInterestRate", .up),
            lendRate: try row.yearly("lendInterestRate", .down),
            utilisation: try row.part("utilization", .up))
    }
}

extension CollateralTerms {
    /// `nil` for a curve nobody here knows: it must not be taken for the plain weight.
    init?(_ row: JSONNode) throws(FrameFault) {
        let haircut = try row.required("haircutFunction")
        let kind = try haircut.required("kind")
        let name = try kind.text("type").string
        var curve: HaircutCurve?
        if name == "inverseSqrt" {
            curve = HaircutCurve(
                base: try kind.part("base", .down),
                penalty: try kind.decimal64("positiveCurvePenalty", places: 12, .up))
        }
        let asset = Asset(try row.text("symbol").string), weight = try haircut.part("weight", .down)
        guard curve != nil || name == "identity" else { return nil }
        self.init(asset: asset, weight: weight, curve: curve)
    }
}
