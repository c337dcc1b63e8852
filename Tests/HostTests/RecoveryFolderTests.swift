import Core
import Exchange
import Foundation
import Journal
import Synchronization
import Testing
import Venue
import Wire

@testable import Gateway
@testable import Host

/// What a run finds when it looks for where the last one ended.
@Suite struct `A start after a run` {
    private let folder: TemporaryFolder
    private var home: String { folder.path + "/journal" }

    init() throws { folder = try TemporaryFolder() }

    private var checkpoint: Checkpoint {
        var kept = Engine(instruments: [], pairs: [], limits: RiskLimits()).checkpoint()
        (kept.entriesToday, kept.at) = (17, Timestamp(milliseconds: 1_790_000_000_000))
        return kept
    }

    /// A run that was killed after its first record.
    private func leave(_ run: String) throws {
        try FileManager.default.createDirectory(
            atPath: home + "/" + run, withIntermediateDirectories: true)
        let writer = JournalWriter(folder: home + "/" + run)
        var header = SegmentHeader(
            number: 0, mode: "live", settings: [], markets: [], bases: [], scripts: [], standing: [])
        header.restored = CheckpointBytes.write(checkpoint)
        writer.begin(header)
    }

    @Test(arguments: 0...60)
    func `that died while it began its journal goes on from the one before`(_ bytes: Int) throws {
        try leave("20261125T100000")
        try leave("20261125T110000")
        let torn = URL(filePath: home + "/20261125T110000/000001.neapj")
        let whole = try Data(contentsOf: torn)
        #expect(whole.count > 60)
        try whole.prefix(bytes).write(to: torn)
        let found = try #require(try Recovery.latest(in: home))
        #expect(found.checkpoint.entriesToday == 17)
        #expect(found.journal.hasSuffix("20261125T100000"))
    }

    @Test func `that died while it began its second segment goes on from the first`() throws {
        try leave("20261125T100000")
        let next = home + "/20261125T100000/" + JournalWriter.name(2)
        for text in ["", "NEAP"] {
            try Data(text.utf8).write(to: URL(filePath: next))
            #expect(try Recovery.latest(in: home)?.checkpoint.entriesToday == 17)
        }
    }

    @Test func `whose journal is nothing but an empty file begins anew`() throws {
        try folder.write("journal/20261125T100000/000001.neapj", "")
        #expect(try Recovery.latest(in: home) == nil)
    }

    @Test func `whose bytes were changed is refused with the record's number`() throws {
        try leave("20261125T100000")
        let file = URL(filePath: home + "/20261125T100000/000001.neapj")
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count - 20] ^= 1
        try bytes.write(to: file)
        do {
            _ = try Recovery.latest(in: home)
            Issue.record("it was taken")
        } catch {
            #expect("\(error)".contains("What now"))
        }
    }

    @Test func `has a clock that begins where the venue's stands, and never before the last run's end`() {
        let venue = Timestamp(milliseconds: 1_790_000_000_000)
        let plain = RunClock(venue: venue, after: nil)
        #expect(plain.now >= venue && plain.now < venue + .seconds(60) && plain.lead == .zero)
        let later = RunClock(venue: venue, after: venue - .seconds(3600))
        #expect(later.now >= venue && later.lead == .zero)
        let stepped = RunClock(venue: venue, after: venue + .seconds(3600))
        #expect(stepped.now >= venue + .seconds(3600) && stepped.now < venue + .seconds(3660))
        #expect(stepped.lead == .seconds(3600))
        let before = stepped.now
        while stepped.now == before {}
        #expect(stepped.now > before)
    }

    @Test func `with a clock ahead of the venue's asks for executions by the venue's`() {
        let moment = Timestamp(milliseconds: 1_790_003_600_000)
        let asked = Request.fills(from: moment, offset: 1000).inVenueTime(.seconds(3600))
        #expect(asked == .fills(from: moment - .seconds(3600), offset: 1000))
        #expect(Request.openOrders.inVenueTime(.seconds(3600)) == .openOrders)
    }
}

@Suite struct `A halt of a run that never knew its account` {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func leave(_ run: String, _ orders: [Engine.Instruction]) throws {
        let path = folder.path + "/" + run
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let writer = JournalWriter(folder: path)
        writer.begin(
            SegmentHeader(
                number: 0, mode: "live", settings: [], markets: [], bases: [], scripts: [], standing: []))
        for order in orders {
            writer.append(.input(.timer, at: Timestamp(milliseconds: 1_790_000_000_000)))
            writer.append(.input(.order(order), at: Timestamp(milliseconds: 1_790_000_000_000)))
        }
        writer.flush()
    }

    @Test(
        arguments: [
            ([], false), ([.hold], false), ([.halt], true), ([.haltFor("x")], true),
            ([.halt, .rearm], false), ([.rearm, .halt, .resume], true),
        ] as [([Engine.Instruction], Bool)])
    func `is what the next start begins with, until somebody re-arms`(
        orders: [Engine.Instruction], isLeft: Bool
    ) throws {
        #expect(!Recovery.isHaltLeft(in: folder.path))
        try leave("20261125T100000", orders)
        try leave("20261125T110000", [.hold])
        try FileManager.default.createDirectory(
            atPath: folder.path + "/20261125T120000", withIntermediateDirectories: true)
        #expect(Recovery.isHaltLeft(in: folder.path) == isLeft)
    }

    @Test(.timeLimit(.minutes(1)))
    func `is on record as soon as it shows`() throws {
        var configuration = VenueConfiguration()
        (configuration.seed, configuration.requestsPerMinute) = (7, nil)
        let server = try VenueServer.start(configuration)
        defer { server.stop() }
        let address = VenueAddress(rest: server.ready.rest, ws: server.ready.ws)
        let signer = try Signer(secretBase64: server.ready.apiSecret ?? "", apiKey: server.ready.apiKey)
        let pairs: [Pair] = []
        let street = Street(catalogue: Catalogue([]), pairs: pairs, limits: RiskLimits(), strategies: [])
        let home = folder.path, left = Atomic(-1)
        let isHalted = Gate()
        let desk = Desk(street: street, clock: RunClock(), nextBlock: { nil }) { notes, _ in
            for case .state(.halted, let reason) in notes where reason == "operator" {
                left.store(Recovery.isHaltLeft(in: home) ? 1 : 0, ordering: .relaxed)
                isHalted.open()
            }
        }
        try FileManager.default.createDirectory(
            atPath: home + "/20261125T100000", withIntermediateDirectories: true)
        desk.journal = DeskJournal(
            JournalWriter(folder: home + "/20261125T100000"), mode: "live", settings: [], markets: [],
            instruments: [], bases: [])
        let link = VenueLink(
            address, signer: signer, catalogue: Catalogue([]), pairs: pairs, listener: DeskEar(desk))
        desk.obey(.halt)
        desk.start(link)
        isHalted.wait()
        desk.stop()
        link.close()
        #expect(left.load(ordering: .relaxed) == 1)
    }
}
