import Core
import Exchange
import Journal

/// Where the desk was at a moment: enough to follow the market on paper from there, with the journal.
package struct StreetPicture: Sendable {
    let market: MarketPicture
    /// How far the books were, and the snapshots that had been asked for.
    let books: [DepthFeed?]
    let depthRequests: [(id: RequestID, instrument: InstrumentID)]
    /// The next record.
    let position: JournalPosition
    /// With the `state` each had.
    let scripts: [StoredScript]
}

/// The market as the journal has it: public frames become events, everything of the account is passed over.
final class MarketTape {
    private let catalogue: Catalogue
    private let tail: JournalTail
    private var books: BookFeeds
    private let replies: ReplyReader
    private var depthRequests = Lookup<RequestID, InstrumentID>()

    /// - Throws: when the journal cannot be read from there.
    init(_ catalogue: Catalogue, journal folder: String, from picture: StreetPicture) throws(JournalFault) {
        self.catalogue = catalogue
        tail = try JournalTail(folder: folder, from: picture.position)
        books = BookFeeds(catalogue, continuing: picture.books)
        replies = ReplyReader(catalogue)
        for request in picture.depthRequests { depthRequests[request.id] = request.instrument }
    }

    /// What the next input of the market brought; `nil` when nothing more is recorded yet.
    /// - Throws: when the journal cannot be read on.
    func next() throws(JournalFault) -> (now: Timestamp, events: [Event])? {
        while let record = try tail.next() {
            switch record {
            case .input(let input, let now):
                let events = events(of: input)
                // What a follower would ask for was asked for by the host, and the answer is recorded.
                _ = books.takeWanted()
                if !events.isEmpty { return (now, events) }
            case .commands(let commands): for fields in commands { note(fields) }
            case .segment, .wallClockStop, .checkpoint, .states, .end: continue
            }
        }
        return nil
    }

    private func events(of input: Input) -> [Event] {
        switch input {
        case .frame(.publicStream, let bytes):
            do { return [.alive(.publicStream)] + (try books.read(.publicStream, bytes)) } catch {
                return books.hostile(error, .publicStream)
            }
        case .connection(.publicStream, let change): return books.changed(.publicStream, change)
        case .dropped(let symbols): return symbols.flatMap { books.dropped($0) }
        case .timer: return [.timer]
        case .reply(let id, let raw):
            guard let instrument = depthRequests.remove(id) else { return [] }
            guard case .depth(let bids, let asks, let sequence) = replies.read(.depth(instrument), raw) else {
                books.failed(instrument)
                return []
            }
            return books.snapshot(instrument, bids: bids, asks: asks, sequence: sequence)
        case .frame, .connection, .order, .swap: return []
        }
    }

    /// Snapshots the host asked for: their answers will be in the journal under this number.
    private func note(_ fields: [CommandText.Field]) {
        guard fields.contains(CommandText.Field("request", "depth")),
            let id = fields.first(where: { $0.name == "id" }).flatMap({ Int64($0.value) }),
            let symbol = fields.first(where: { $0.name == "symbol" })?.value,
            let instrument = catalogue.id(symbol)
        else { return }
        depthRequests[RequestID(raw: id)] = instrument
    }
}
