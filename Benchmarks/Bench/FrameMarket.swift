import Core
import Exchange
import Foundation
import Host
import Journal
import LuaBridge
import Simulator
import Venue

/// The generated market as a host would read it from the exchange: frames, answers about whole books and
/// timers, on a clock of its own. The same for everybody, and as fast as it can be made.
final class FrameMarket {
    let catalogue: Catalogue
    let pairs: [Pair]
    private var venue: SimulatedVenue
    private let frames: VenueFrames
    private(set) var now: Timestamp
    private var nextTimer: Timestamp

    /// Noon of a working day, far from a settlement.
    static let start = Timestamp(milliseconds: 1_788_264_300_000)
    /// As the desk wakes without an input.
    static let tick = TimeSpan.milliseconds(10)

    init(seed: UInt64 = 7) {
        venue = SimulatedVenue(
            start: Self.start, crowd: .generated(CrowdGenerator(seed: seed, start: Self.start)), seed: seed)
        // Nobody asks for history here, and what the market remembers is no memory of the host.
        venue.rules.tapeMost = 100
        frames = VenueFrames(venue)
        catalogue = Catalogue(venue.instruments)
        pairs = catalogue.pairs(CrowdGenerator.bases).pairs
        (now, nextTimer) = (Self.start, Self.start + Self.tick)
        venue.openMarkets()
        _ = venue.drainEvents()
    }

    /// What the next moment at which something happens brings.
    func next() -> [Input] {
        while true {
            now = max(now, min(venue.nextDue, nextTimer))
            venue.advance(to: now)
            var inputs: [Input] = venue.drainEvents().compactMap { frame($0) }.map {
                .frame(.publicStream, $0)
            }
            if now >= nextTimer {
                nextTimer = now + Self.tick
                inputs.append(.timer)
            }
            if !inputs.isEmpty { return inputs }
        }
    }

    private func frame(_ event: VenueEvent) -> [UInt8]? {
        switch event {
        case .depth(let id, let bids, let asks, let sequence, let at):
            return frames.depth(
                id, bids: bids, asks: asks, first: sequence, last: sequence, at: at, now: now,
                stream: "depth.\(catalogue[id].symbol)")
        case .trade(let id, let trade, let buyer, let seller):
            return frames.trade(
                id, trade, buyer: buyer, seller: seller, now: now, stream: "trade.\(catalogue[id].symbol)")
        case .mark(let id, let mark, let at):
            return frames.mark(id, mark, at: at, now: now, stream: "markPrice.\(catalogue[id].symbol)")
        case .touch, .order, .balance, .position, .answer: return nil
        }
    }

    /// The exchange's answer to what a street asked for; `nil` where it is of an account, which nobody has here.
    func answer(_ command: Command) -> Input? {
        guard case .depth(let id) = command.request else { return nil }
        let book = venue.book(id)
        func rows(_ levels: [Level]) -> String {
            levels.map { "[\"\($0.price)\",\"\($0.quantity)\"]" }.joined(separator: ",")
        }
        let asks = book.asks.sorted { $0.price < $1.price }, bids = book.bids.sorted { $0.price < $1.price }
        let body =
            "{\"asks\":[\(rows(asks))],\"bids\":[\(rows(bids))],"
            + "\"lastUpdateId\":\"\(book.sequence)\",\"timestamp\":\(now.microseconds)}"
        return .reply(
            command.id, .answered(status: 200, contentType: "application/json", body: Array(body.utf8)))
    }
}

/// A street over the generated market that keeps a journal, as a host's desk would.
final class RecordingStreet {
    let street: Street, writer: JournalWriter
    private(set) var inputs = 0, frames = 0

    init(
        _ market: FrameMarket, _ scripts: [Script], journal: String,
        segmentBytes: Int = JournalWriter.segmentBytes
    ) throws {
        street = Street(
            catalogue: market.catalogue, pairs: market.pairs, limits: RiskLimits(), strategies: scripts)
        try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: true)
        writer = JournalWriter(folder: journal, segmentBytes: segmentBytes)
        bases = market.pairs.map(\.base.symbol)
        instruments = market.catalogue.instruments
        begin()
    }
    private let bases: [String], instruments: [Instrument]

    /// The first segment, and later ones as the file fills up.
    func begin() {
        writer.begin(
            SegmentHeader(
                number: 0, mode: "demo", settings: [], markets: [], bases: bases, scripts: [], standing: []))
    }

    /// Records the input and its commands and takes the turn.
    func turn(_ input: Input, _ now: Timestamp, _ loaded: Script? = nil) -> Street.Outcome {
        writer.append(.input(input, at: now))
        let outcome = street.turn(input, now: now, loaded: loaded)
        if !outcome.commands.isEmpty {
            writer.append(.commands(outcome.commands.map { CommandText.fields($0, instruments) }))
        }
        inputs += 1
        if case .frame = input { frames += 1 }
        if writer.wantsSegment { begin() }
        return outcome
    }

    /// Lets the market go on until that moment, and answers what the street asks for.
    func play(_ market: FrameMarket, until end: Timestamp) {
        if inputs == 0 { answer(market, turn(.connection(.publicStream, .up), market.now)) }
        while market.now < end {
            for input in market.next() {
                answer(market, turn(input, market.now))
                if case .timer = input { writer.flush() }
            }
        }
        writer.flush()
    }

    private func answer(_ market: FrameMarket, _ outcome: Street.Outcome) {
        for command in outcome.commands {
            guard let reply = market.answer(command) else { continue }
            _ = turn(reply, market.now)
        }
    }
}
