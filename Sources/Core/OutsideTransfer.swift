/// A deposit or a withdrawal as the venue lists it (PROTOCOL 4.9).
public struct OutsideTransfer: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable { case deposit, withdrawal }

    /// What became of it, as far as the venue's word says so.
    public enum State: Sendable, Equatable {
        case confirmed
        /// Begun and not over: it may have moved the balance already.
        case underWay
        /// It came to nothing, or was given back.
        case ended
        /// In a word that is not known here; nothing is concluded from it.
        case unknown
    }

    public let kind: Kind
    /// The venue's name for it, counted for each kind.
    public let id: Int64
    public let asset: Asset
    /// Of the asset, whatever the direction; not negative where the venue is sound.
    public let quantity: Money
    /// Of a withdrawal, in its asset. Whether it is part of the quantity or comes on top the venue does not
    /// say.
    public let fee: Money
    public let state: State
    /// When it was begun, by the venue's clock.
    public let at: Timestamp

    public init(
        kind: Kind, id: Int64, asset: Asset, quantity: Money, fee: Money = .zero, state: State, at: Timestamp
    ) {
        (self.kind, self.id, self.asset, self.quantity) = (kind, id, asset, quantity)
        (self.fee, self.state, self.at) = (fee, state, at)
    }

    /// Names it within the cause `transfer`.
    public var reference: String { "\(kind.rawValue)/\(id)" }

    /// What it may have changed a balance by, signed; the likelier first.
    var changes: [Money] {
        guard kind == .withdrawal else { return [quantity] }
        return fee > .zero ? [-quantity, -(quantity + fee)] : [-quantity]
    }

    func isSame(as other: OutsideTransfer) -> Bool { kind == other.kind && id == other.id }
}

extension OutsideTransfer.State {
    /// - Parameter word: `status` of a row of that kind.
    public init(_ word: String, of kind: OutsideTransfer.Kind) {
        switch (kind, word) {
        case (_, "confirmed"): self = .confirmed
        case (_, "pending"), (_, "ownershipVerificationRequired"): self = .underWay
        case (.deposit, "initiated"), (.deposit, "senderVerificationRequired"),
            (.deposit, "senderVerificationCompleted"), (.withdrawal, "recipientInformationRequired"),
            (.withdrawal, "recipientInformationProvided"):
            self = .underWay
        case (.deposit, "cancelled"), (.deposit, "declined"), (.deposit, "expired"), (.deposit, "refunded"):
            self = .ended
        default: self = .unknown
        }
    }
}
