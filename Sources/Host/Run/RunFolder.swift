import Console
import Glibc
import Journal
import Records
import Wire

/// The folder a run left behind, or is leaving.
struct RunFolder {
    let path: String
    var records: String { path + "/" + RecordBook.file }

    /// - Parameters:
    ///   - folder: the run's; `nil` for the last run of the data folder.
    ///   - data: the data folder.
    /// - Throws: what is not there.
    init(_ folder: String?, data: String) throws(StartFault) {
        if let folder {
            var plain = folder[...]
            while plain.count > 1, plain.hasSuffix("/") { plain = plain.dropLast() }
            path = String(plain)
            guard Self.isRun(path) else {
                throw StartFault(
                    "\(path): no run was here: neither \(RecordBook.file) nor journal/ is in it")
            }
            return
        }
        let demos = DataFolder.names(in: data + "/demo").map { (start: $0, path: "\(data)/demo/\($0)") }
        let others = ["live", "paper"].map { mode in
            (start: Self.lastStart(of: "\(data)/\(mode)"), path: "\(data)/\(mode)")
        }
        let runs = (demos + others).filter { Self.isRun($0.path) }
        guard let last = runs.max(by: { $0.start < $1.start }) else {
            throw StartFault("\(data): holds no run; name a run's folder or another --data")
        }
        path = last.path
    }

    private static func isRun(_ path: String) -> Bool {
        ["/journal", "/" + RecordBook.file].contains { access(path + $0, F_OK) == 0 }
    }

    /// A folder that runs share: the start of the last one, as demo folders are named.
    private static func lastStart(of folder: String) -> String {
        if let name = DataFolder.names(in: folder + "/journal").last { return name }
        var status = stat()
        guard stat(folder + "/" + RecordBook.file, &status) == 0 else { return "" }
        return UTCText.compact(Int64(status.st_mtim.tv_sec))
    }

    /// The journals of all runs here, in the order of their starts.
    var journals: [String] {
        let home = path + "/journal"
        func hasFirstSegment(_ folder: String) -> Bool {
            DataFolder.names(in: folder).contains { $0.hasPrefix(JournalWriter.name(1)) }
        }
        if hasFirstSegment(home) { return [home] }
        return DataFolder.names(in: home).map { home + "/" + $0 }.filter(hasFirstSegment)
    }

    /// A host answers here.
    var isRunning: Bool { UnixSocket.isServed(path + "/" + ControlServer.file) }

    /// Keeps hosts and guardians away as long as it lives.
    /// - Throws: when one runs here.
    func lock() throws(StartFault) -> [ProcessLock] {
        guard let host = try ProcessLock(path: path + "/lock") else {
            throw StartFault("\(path): a host runs here; stop it first")
        }
        guard access(path + "/" + GuardianRun.lockFile, F_OK) == 0 else { return [host] }
        guard let guardian = try ProcessLock(path: path + "/" + GuardianRun.lockFile) else {
            throw StartFault("\(path): a guardian watches here; stop it first")
        }
        return [host, guardian]
    }
}
