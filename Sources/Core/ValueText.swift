extension Price: CustomStringConvertible {
    /// Exact; `nil` when the text is no number, has more than eight decimals or does not fit.
    public init?(_ text: String) { self.init(text.utf8) }
    public init?(_ text: some Sequence<UInt8>) {
        guard let value = DecimalText.parse(text, places: Self.places), let raw = Int64(exactly: value) else {
            return nil
        }
        self.init(raw: raw)
    }
    public var description: String { DecimalText.write(Int128(raw), places: Self.places) }
}

extension Quantity: CustomStringConvertible {
    /// Exact; `nil` when the text is no number, has more than eight decimals or does not fit.
    public init?(_ text: String) { self.init(text.utf8) }
    public init?(_ text: some Sequence<UInt8>) {
        guard let value = DecimalText.parse(text, places: Self.places), let raw = Int64(exactly: value) else {
            return nil
        }
        self.init(raw: raw)
    }
    public var description: String { DecimalText.write(Int128(raw), places: Self.places) }
}

extension Money: CustomStringConvertible {
    /// Exact; `nil` when the text is no number, has more than twelve decimals or does not fit.
    public init?(_ text: String) { self.init(text.utf8) }
    public init?(_ text: some Sequence<UInt8>) {
        guard let raw = DecimalText.parse(text, places: Self.places) else { return nil }
        self.init(raw: raw)
    }
    public var description: String { DecimalText.write(raw, places: Self.places) }
}

extension Percent: CustomStringConvertible {
    /// Exact; `nil` when the text is no number, has more than eight decimals or does not fit.
    public init?(_ text: String) {
        guard let value = DecimalText.parse(text, places: Self.places), let raw = Int64(exactly: value) else {
            return nil
        }
        self.init(raw: raw)
    }
    public var description: String { DecimalText.write(Int128(raw), places: Self.places) }
}

extension Notional: CustomStringConvertible {
    public var description: String { DecimalText.write(raw, places: 16) }
}

extension FundingRate: CustomStringConvertible {
    public var description: String { DecimalText.write(Int128(raw), places: Self.places) }
}
