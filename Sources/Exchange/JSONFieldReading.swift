import Core

/// Reading the fields of one object by name. A field that is absent or `null` where it is required is a
/// fault.
extension JSONNode {
    func required(_ key: StaticString) throws(FrameFault) -> JSONNode {
        guard let node = self[key] else { throw FrameFault(field: key.description, found: "nothing") }
        return node
    }

    /// The field when it is there and not `null`.
    func optional(_ key: StaticString) -> JSONNode? {
        guard let node = self[key], !node.isNull else { return nil }
        return node
    }

    func text(_ key: StaticString) throws(FrameFault) -> JSONBytes {
        let node = try required(key)
        guard let text = node.text else { throw FrameFault(field: key.description, found: node.shown) }
        return text
    }

    func integer(_ key: StaticString) throws(FrameFault) -> Int64 {
        let node = try required(key)
        guard let value = node.integer else { throw FrameFault(field: key.description, found: node.shown) }
        return value
    }

    func flag(_ key: StaticString) throws(FrameFault) -> Bool {
        let node = try required(key)
        guard let value = node.flag else { throw FrameFault(field: key.description, found: node.shown) }
        return value
    }

    func time(microseconds key: StaticString) throws(FrameFault) -> Timestamp {
        Timestamp(microseconds: try integer(key))
    }

    func price(_ key: StaticString) throws(FrameFault) -> Price { Price(raw: try fixed8(key)) }
    func quantity(_ key: StaticString) throws(FrameFault) -> Quantity { Quantity(raw: try fixed8(key)) }

    func optionalPrice(_ key: StaticString) throws(FrameFault) -> Price? {
        optional(key) == nil ? nil : try price(key)
    }
    func optionalQuantity(_ key: StaticString) throws(FrameFault) -> Quantity? {
        optional(key) == nil ? nil : try quantity(key)
    }

    private func fixed8(_ key: StaticString) throws(FrameFault) -> Int64 {
        let node = try required(key)
        guard let raw = node.fixed8 else { throw FrameFault(field: key.description, found: node.shown) }
        return raw
    }

    /// Decimal text, or a bare whole number, as a count of 10⁻⁸; `nil` when it does not fit exactly.
    var fixed8: Int64? {
        if let text { return DecimalBytes.fixed8(text) }
        return decimal(places: 8, nil).flatMap { Int64(exactly: $0) }
    }

    /// Decimal text, or a bare whole number, as a count of 10^−places.
    func decimal(places: Int, _ rounding: Rounding?) -> Int128? {
        if let text { return DecimalText.parse(text.buffer, places: places, rounding: rounding) }
        guard let integer else { return nil }
        return Int128(integer) * powerOfTen(places)
    }

    func decimal(_ key: StaticString, places: Int, _ rounding: Rounding?) throws(FrameFault) -> Int128 {
        let node = try required(key)
        guard let value = node.decimal(places: places, rounding) else {
            throw FrameFault(field: key.description, found: node.shown)
        }
        return value
    }

    /// A decimal that must fit 64 bits after rounding.
    func decimal64(_ key: StaticString, places: Int, _ rounding: Rounding?) throws(FrameFault) -> Int64 {
        let value = try decimal(key, places: places, rounding)
        guard let narrow = Int64(exactly: value) else {
            throw FrameFault(field: key.description, found: "a number out of range")
        }
        return narrow
    }

    func money(_ key: StaticString, _ rounding: Rounding?) throws(FrameFault) -> Money {
        Money(raw: try decimal(key, places: Money.places, rounding))
    }
    func optionalMoney(_ key: StaticString, _ rounding: Rounding?) throws(FrameFault) -> Money? {
        optional(key) == nil ? nil : try money(key, rounding)
    }

    /// `Bid` or `Ask`; there is no third side to keep as unknown.
    func side(_ key: StaticString) throws(FrameFault) -> Side {
        let text = try text(key)
        if text == "Bid" { return .buy }
        if text == "Ask" { return .sell }
        throw FrameFault(field: key.description, found: "\"\(text.string)\"")
    }

    func status(_ key: StaticString) throws(FrameFault) -> OrderStatus {
        OrderStatus(rawValue: try text(key).string) ?? .unknown
    }

    /// An id that is text in most places and a bare number in some.
    func identifier(_ key: StaticString) throws(FrameFault) -> String {
        let node = try required(key)
        if let text = node.text { return text.string }
        if let number = node.natural { return String(number) }
        throw FrameFault(field: key.description, found: node.shown)
    }

    /// A client order id, number or text; `nil` when absent, `null` or not one of 32 bits.
    func clientOrderID(_ key: StaticString) -> ClientOrderID? {
        guard let node = optional(key) else { return nil }
        if let number = node.natural { return UInt32(exactly: number).map(ClientOrderID.init(raw:)) }
        return node.text.flatMap { UInt32($0.string) }.map(ClientOrderID.init(raw:))
    }

    /// Two of them and their difference can still be counted in 10⁻⁸.
    private static let priceMost: Int64 = 1 << 61

    /// `[[price, quantity], …]`.
    func levels(_ key: StaticString) throws(FrameFault) -> [Level] {
        let list = try required(key)
        guard list.kind == .array else { throw FrameFault(field: key.description, found: list.shown) }
        var levels: [Level] = []
        for row in list.elements {
            var cells = row.elements
            guard let price = cells.next()?.fixed8, price <= Self.priceMost,
                let quantity = cells.next()?.fixed8, cells.next() == nil,
                price > 0, quantity >= 0
            else { throw FrameFault(field: key.description, found: "a level that is no price and quantity") }
            levels.append(Level(price: Price(raw: price), quantity: Quantity(raw: quantity)))
        }
        return levels
    }

    /// Naive UTC text.
    func calendarTime(_ key: StaticString) throws(FrameFault) -> Timestamp {
        let text = try text(key)
        guard let time = CalendarText.parse(text.buffer) else {
            throw FrameFault(field: key.description, found: text.string)
        }
        return time
    }
}
