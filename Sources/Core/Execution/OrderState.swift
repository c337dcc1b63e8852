/// The life of one order of ours, as far as we know it.
public enum OrderState: Hashable, Sendable {
    /// Sent; nothing heard.
    case sent
    /// Resting on the venue's book.
    case working
    /// Resting, and a cancel is on its way or taken but not done.
    case cancelling
    /// The answer is lost: may live, may not. Only reconciliation ends this.
    case unknown
    /// The venue's last word; nothing more can happen but fills that were already made.
    case closed(OrderStatus)
    /// Refused before it reached the book, or never sent.
    case rejected

    public var isOver: Bool {
        switch self {
        case .closed, .rejected: true
        default: false
        }
    }
}

/// What can happen to an order.
public enum OrderEvent: Hashable, Sendable {
    case told(OrderStatus)
    case refused, notSent, silent
    case cancelSent, cancelRefused
    /// Reconciliation found no trace of it.
    case absent
}

/// An event that the table does not know: nothing is changed.
public struct OrderFault: Error, Equatable, Sendable {
    public let state: OrderState, event: OrderEvent
}

extension OrderState {
    /// The one table of an order's life.
    public mutating func apply(_ event: OrderEvent) throws(OrderFault) {
        switch (self, event) {
        // A repeat from the other channel; the last word stays.
        case (.closed, .told), (.rejected, .told): break
        case (_, .told(let status)) where status.isFinal: self = .closed(status)
        case (.cancelling, .told): break  // Still resting while the cancel travels.
        case (.sent, .told), (.working, .told), (.unknown, .told): self = .working
        case (.sent, .refused), (.sent, .notSent): self = .rejected
        // The answer came late, or behind a cancel that was sent meanwhile.
        case (.unknown, .refused), (.unknown, .notSent), (.unknown, .absent): self = .rejected
        case (.cancelling, .refused), (.cancelling, .notSent): self = .rejected
        case (.sent, .silent), (.working, .silent), (.cancelling, .silent), (.unknown, .silent):
            self = .unknown
        case (.sent, .cancelSent), (.working, .cancelSent), (.cancelling, .cancelSent): self = .cancelling
        case (.unknown, .cancelSent): break  // Asked for anyway; the state is still not known.
        case (.cancelling, .cancelRefused): self = .unknown  // Gone or never there: only the venue knows.
        case (.working, .cancelRefused), (.sent, .cancelRefused): self = .unknown
        case (.unknown, .cancelRefused): break
        case (.cancelling, .absent): self = .closed(.cancelled)
        // A stream event can overtake every answer: what is over stays over.
        case (.closed, .refused), (.closed, .silent), (.closed, .cancelSent), (.closed, .cancelRefused): break
        case (.closed, .absent), (.closed, .notSent), (.rejected, .absent), (.rejected, .silent): break
        case (.rejected, .cancelRefused), (.rejected, .refused): break
        default: throw OrderFault(state: self, event: event)
        }
    }
}

/// What an order is for.
public enum OrderPurpose: String, Sendable {
    case entry, post, hedge, repair, exit
    case exitPost = "exit_post"
    /// True for what may grow risk; `hedge`, `repair` and exits reduce it.
    public var raisesRisk: Bool { self == .entry || self == .post }
}

/// An order with what became of it.
public struct OrderRecord: Sendable {
    public let order: Order
    public let purpose: OrderPurpose
    public let leg: Leg
    /// Index of the holding it works for.
    public let holding: Int
    /// The leg's mid when the trade was decided, and when this order was sent.
    public let decisionMid: Price, sentMid: Price
    /// When the input arrived whose turn sent it. It was signed at most `Engine.sendLag` later, with the
    /// window shortened by that, or did not leave.
    public let sentAt: Timestamp
    public var state = OrderState.sent
    public var venueOrderID: VenueOrderID?
    /// Sum of the fills received.
    public var filled = Quantity.zero
    /// Total executed as the venue last told; fills may lag behind it.
    public var told = Quantity.zero
    /// Executions already counted.
    public var tradeIDs: [Int64] = []
    public var refusal: Refusal?
    public var expiryReason: String?
    /// When the venue's last word came, for asking after missing fills.
    public var overAt: Timestamp?
    public var askedAt: Timestamp?
    /// The first question that could find it resting: lists of open orders from before say nothing of it.
    var restsFrom: RequestID?
    /// It was never sent, so it was no try.
    var neverLeft = false
    /// How often it was asked for since its answer was lost: each time the wait grows.
    public var asks = 0
    /// It was asked for after its request could no longer be accepted.
    public var askedExpired = false
    /// The first of the two kinds of questions whose answers together prove that it is gone, asked after its
    /// request could no longer be accepted; `nil` before.
    public var restsQuestion: RequestID?, fillsQuestion: RequestID?
    /// The page of the history that is awaited when one was not enough.
    public var fillsPage: RequestID?
    /// What they were answered: it does not rest; its executions have been read.
    public var restsNot = false, fillsRead = false

    public init(
        order: Order, purpose: OrderPurpose, leg: Leg, holding: Int, decisionMid: Price, sentMid: Price,
        sentAt: Timestamp
    ) {
        (self.order, self.purpose, self.leg, self.holding) = (order, purpose, leg, holding)
        (self.decisionMid, self.sentMid, self.sentAt) = (decisionMid, sentMid, sentAt)
    }

    /// It fell silent: the questions and their answers begin anew.
    mutating func forgetEvidence() {
        (asks, askedAt, askedExpired) = (0, nil, false)
        (restsQuestion, fillsQuestion, fillsPage) = (nil, nil, nil)
        (restsNot, fillsRead) = (false, false)
    }

    /// Over, and every execution the venue told of has arrived.
    public var isSettled: Bool { state.isOver && filled >= told }
    /// Rests, and nothing of it is under way.
    var restsQuietly: Bool { state == .working && order.timeInForce == .goodTillCancelled && filled >= told }
    /// What may still be filled.
    public var open: Quantity { state.isOver ? max(told - filled, .zero) : order.quantity - filled }
}
