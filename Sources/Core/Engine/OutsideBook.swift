extension OutsideTransfer.Kind {
    /// In a list of both.
    var place: Int { self == .deposit ? 0 : 1 }
}

/// One transfer and what was made of it.
struct OutsideRecord: Sendable {
    var transfer: OutsideTransfer
    let heardAt: Timestamp
    /// By how much the ledger was changed, signed, with the fee of it; `nil` when it was not.
    var booked: Money?
    var fee = Money.zero
    /// Nothing more is expected of it.
    var isOver = false
    /// The venue showed it when it was last asked.
    var isListed = true
    /// How often running the balance agreed without it.
    var quietLooks = 0

    var isUnderWay: Bool { isListed && transfer.state == .underWay }
    /// It may be what a difference comes from.
    var waits: Bool {
        booked == nil && !isOver && isListed && (transfer.state == .confirmed || isUnderWay)
    }
}

/// What is known of deposits and withdrawals.
struct OutsideBook: Sendable {
    /// One kind's list as it is being read.
    struct Reading: Sendable {
        /// That is out; `nil` when none is.
        var question: RequestID?
        var rows: [OutsideTransfer] = []
        var askedAt: Timestamp?
        /// Answers that could not be read, since the last one that could.
        var failed = 0
        /// When the last list that was read whole was asked for.
        private(set) var heardAt: Timestamp?

        mutating func begin(_ question: RequestID, at now: Timestamp) {
            (self.question, askedAt, rows) = (question, now, [])
        }

        mutating func end() -> [OutsideTransfer] {
            defer { (question, rows) = (nil, []) }
            heardAt = askedAt
            return rows
        }
    }

    /// By time, kind and id.
    var records: [OutsideRecord] = []
    var readings = [Reading(), Reading()]
    var againAt: Timestamp?
    /// The venue does not show them; that was told.
    var isRefused = false
    /// By asset: when the ledger last followed a difference.
    var followed: [(asset: Asset, until: Timestamp)] = []

    mutating func add(_ record: OutsideRecord) {
        let key = { (one: OutsideRecord) in
            (one.transfer.at.microseconds, one.transfer.kind.place, one.transfer.id)
        }
        let place = records.firstIndex { key($0) > key(record) } ?? records.count
        records.insert(record, at: place)
    }

    /// Both kinds were read, asked for at that moment or later.
    func isHeard(since: Timestamp) -> Bool {
        readings.allSatisfy { $0.heardAt.map { $0 >= since } ?? false }
    }

    var assetsWaiting: [Asset] {
        var assets: [Asset] = []
        for record in records where record.waits && !assets.contains(record.transfer.asset) {
            assets.append(record.transfer.asset)
        }
        return assets
    }
}

extension OutsideBook {
    /// For the run that goes on from here.
    var kept: [Checkpoint.Transferred] {
        records.filter { $0.booked != nil || $0.isOver }.map {
            Checkpoint.Transferred(
                kind: $0.transfer.kind, id: $0.transfer.id, asset: $0.transfer.asset.symbol,
                booked: $0.booked, fee: $0.fee, at: $0.transfer.at, isOver: $0.isOver)
        }
    }

    mutating func restore(_ checkpoint: Checkpoint) {
        for kept in checkpoint.transfers {
            let transfer = OutsideTransfer(
                kind: kept.kind, id: kept.id, asset: Asset(kept.asset),
                quantity: kept.booked?.magnitude ?? .zero,
                fee: kept.fee, state: kept.isOver ? .confirmed : .underWay, at: kept.at)
            add(
                OutsideRecord(
                    transfer: transfer, heardAt: checkpoint.at, booked: kept.booked, fee: kept.fee,
                    isOver: kept.isOver))
        }
        followed = checkpoint.followed.map { (Asset($0.symbol), $0.until) }
    }
}
