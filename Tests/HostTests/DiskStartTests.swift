import Foundation
import Testing

@testable import Core
@testable import Host

@Suite struct `A folder that takes nothing` {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func fault(_ data: String, _ mode: TradingMode) -> StartFault? {
        do throws(StartFault) {
            _ = try DataFolder(data: data, mode: mode, start: 1_790_000_000)
            return nil
        } catch { return error }
    }

    @Test(arguments: [TradingMode.live, .demo])
    func `and has nothing of an earlier run ends the start with code 2 and says what to do`(
        mode: TradingMode
    ) throws {
        try folder.write("data", "a file")
        for data in [folder.path + "/data", "/proc/nothing"] {
            let found = try #require(fault(data, mode))
            #expect(found.code == 2)
            #expect(found.description.contains("choose another folder with --data"))
        }
    }

    @Test func `is told from one that takes files, and nothing is left of the trial`() throws {
        let live = try DataFolder(data: folder.path, mode: .live, start: 1_790_000_000)
        #expect(live.fault == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: live.path) == [])
        #expect(DataFolder.writeFault(live.path + "/nowhere")?.contains("No such file") == true)
    }

    @Test func `with the journal of an earlier live run is begun in all the same`() throws {
        try folder.write("live/journal/20261125T100000/000001.neapj", "x")
        // Nothing can be put where the trial is made.
        try FileManager.default.createDirectory(
            atPath: folder.path + "/live/.room", withIntermediateDirectories: false)
        let live = try DataFolder(data: folder.path, mode: .live, start: 1_790_000_000)
        #expect(live.path == folder.path + "/live")
        #expect(live.fault?.contains("Is a directory") == true)
    }
}

@Suite struct `Blocks of client order ids` {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/client-ids" }

    init() throws { folder = try TemporaryFolder() }

    @Test func `go on after those on record, and after those on the disk`() {
        let first = IDBlocks(path: path)
        #expect(first.isNew && first.take() == 1 && first.take() == 2)
        let second = IDBlocks(path: path)
        #expect(!second.isNew && second.take() == 3)
        second.passOver(9)
        #expect(second.take() == 10)
        #expect(first.take() == 11, "another process took some")
    }

    @Test func `are none while the file cannot be replaced, and the same ones when it can`() throws {
        let blocks = IDBlocks(path: path)
        try FileManager.default.createDirectory(atPath: path + ".new", withIntermediateDirectories: false)
        #expect(blocks.take() == nil && blocks.take() == nil)
        #expect(blocks.fault?.contains("Is a directory") == true)
        try FileManager.default.removeItem(atPath: path + ".new")
        #expect(blocks.take() == 1 && blocks.fault == nil)
    }

    @Test func `are none while the file says no number, and the fault names one that is safe`() throws {
        try folder.write("client-ids", "abc\n")
        let blocks = IDBlocks(path: path)
        #expect(!blocks.isNew && blocks.take() == nil)
        #expect(blocks.fault?.contains("is above those on record") == false, "there is no record")
        blocks.passOver(41)
        #expect(blocks.take() == nil)
        #expect(blocks.fault?.contains("; 42 is above those on record") == true)
        try folder.write("client-ids", "42\n")
        #expect(blocks.take() == 42)
    }

    @Test func `end where the ids of the time begin`() throws {
        try folder.write("client-ids", "\(ClientIDs.blocksEnd - 1)\n")
        let blocks = IDBlocks(path: path)
        #expect(blocks.take() == ClientIDs.blocksEnd - 1)
        #expect(blocks.take() == nil && blocks.fault?.contains("used up") == true)
    }
}

@Suite struct `A lease of a host alone` {
    @Test func `is held by it and by nobody else`() throws {
        let lease = try Lease()
        #expect(lease.begin() && lease.renew() && lease.allowsSending() && !lease.isLost)
        lease.end()
        #expect(lease.sight(window: 0) == .ended)
    }
}
