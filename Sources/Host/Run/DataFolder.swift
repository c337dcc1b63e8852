import Core
import Glibc

/// Why a run cannot start: what is wrong and what to do.
struct StartFault: Error, CustomStringConvertible {
    let description: String
    /// 2 when the configuration is at fault.
    let code: Int32
    init(_ description: String, code: Int32 = 1) { (self.description, self.code) = (description, code) }
}

/// The folder of one run inside the data folder (DESIGN 7): `demo/<start>/` or `live/`, readable by its
/// owner only.
struct DataFolder {
    let path: String
    /// Has a folder of its own beside those of other runs.
    let isDemo: Bool
    /// Why nothing can be written here, in a folder that an earlier run has left something in; `nil` when it
    /// can.
    let fault: String?

    /// - Parameter start: seconds of UTC; a demo run starts with nothing, so each has its own folder.
    /// - Throws: why nothing can be written, where no earlier run has left anything to look after.
    init(data: String, mode: TradingMode, start: Int64) throws(StartFault) {
        let home = data + "/" + mode.rawValue
        isDemo = mode == .demo
        var made = home
        var trouble: String?
        do throws(StartFault) {
            try Self.make(data)
            try Self.make(home)
            if isDemo { made = try Self.newFolder(in: home, named: UTCText.compact(start)) }
            trouble = Self.writeFault(made)
        } catch { trouble = error.description }
        (path, fault) = (made, trouble)
        // Starting again would bring the same: no supervisor should try that all day.
        if let trouble, isDemo || Self.names(in: home + "/journal").isEmpty {
            throw StartFault("\(trouble); choose another folder with --data", code: 2)
        }
    }

    /// Bytes that must find room in a folder, or it counts as full.
    private static let probeBytes = 1 << 20

    /// Tries it out with a file that is gone again at once.
    /// - Returns: why nothing can be written there; `nil` when it can.
    static func writeFault(_ folder: String) -> String? {
        let name = folder + "/.room"
        let handle = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard handle >= 0 else { return fault(folder).description }
        defer {
            close(handle)
            unlink(name)
        }
        let bytes = [UInt8](repeating: 0, count: probeBytes)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(handle, $0.baseAddress! + done, $0.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return fault(folder).description }
            done += count
        }
        return nil
    }

    /// A folder inside, made if missing.
    func folder(_ name: String) throws(StartFault) -> String {
        try Self.make(path + "/" + name)
        return path + "/" + name
    }

    /// A new folder, with a number behind its name when that is taken.
    static func newFolder(in home: String, named name: String) throws(StartFault) -> String {
        try make(home)
        // The youngest run is the last by name, also when the wall clock was set back meanwhile.
        let last = names(in: home).last ?? ""
        let name = last > name ? String(last.prefix(while: { $0 != "-" })) : name
        for attempt in 1...999 {
            let digits = String(1000 + attempt).dropFirst()
            let path = "\(home)/\(name)" + (attempt > 1 ? "-\(digits)" : "")
            if path < "\(home)/\(last)" { continue }
            if mkdir(path, 0o700) == 0 { return path }
            guard errno == EEXIST else { throw fault(path) }
        }
        throw StartFault("\(home): no free name for this run")
    }

    // MARK: What is old

    /// Removes the journals of runs whose last record is older than that; everything else of a run stays.
    ///
    /// A run is kept or goes as a whole: a replay begins at its first segment.
    /// - Returns: the folders that were emptied.
    func removeJournals(olderThanDays days: Int, now seconds: Int64) -> [String] {
        let home = isDemo ? path + "/.." : path + "/journal"
        // The youngest is what the next run goes on from.
        return Self.names(in: home).dropLast().compactMap { name in
            let folder = "\(home)/\(name)" + (isDemo ? "/journal" : "")
            let files = Self.names(in: folder).filter { $0.contains(".neapj") }.map { "\(folder)/\($0)" }
            var newest: Int64 = 0
            for file in files {
                var status = stat()
                guard stat(file, &status) == 0 else { return nil }
                newest = max(newest, Int64(status.st_mtim.tv_sec))
            }
            guard !files.isEmpty, seconds - newest > Int64(days) * 86_400 else { return nil }
            for file in files { unlink(file) }
            rmdir(folder)
            return folder
        }
    }

    /// Bytes that can still be written here; `nil` when the system does not say.
    var freeBytes: Int64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }

    /// What stands in a folder, by name, without what begins with a dot; nothing when it cannot be read.
    static func names(in folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    private static func make(_ path: String) throws(StartFault) {
        var built = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            built += part + "/"
            if mkdir(String(built.dropLast()), 0o700) != 0, errno != EEXIST { throw fault(path) }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw StartFault("\(path): is no folder")
        }
        guard access(path, W_OK) == 0 else { throw fault(path) }
    }

    private static func fault(_ path: String) -> StartFault {
        StartFault("\(path): \(String(cString: strerror(errno)))")
    }
}

/// UTC as text.
enum UTCText {
    /// `20261124T150405`
    static func compact(_ seconds: Int64) -> String { format(seconds, "%Y%m%dT%H%M%S") }
    /// `2026-11-24T15:04:05.123Z`
    static func full(microseconds: Int64) -> String {
        let milliseconds = microseconds / 1000 % 1000
        let digits = String(1000 + milliseconds).dropFirst()
        return format(microseconds / 1_000_000, "%Y-%m-%dT%H:%M:%S") + ".\(digits)Z"
    }

    /// Reads `2026-11-24`, `2026-11-24T15:04`, `2026-11-24T15:04:05.123Z` or milliseconds since 1970.
    /// - Returns: `nil` for anything else, also for a day that no calendar has.
    static func moment(_ text: String) -> Timestamp? {
        if let number = Int64(text), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return number <= 253_402_300_799_999 ? Timestamp(milliseconds: number) : nil
        }
        let form = /(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?Z?)?/
        guard let match = text.wholeMatch(of: form)?.output else { return nil }
        func number(_ part: Substring?) -> Int32 { part.flatMap { Int32($0) } ?? 0 }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (
            number(match.1) - 1900, number(match.2) - 1, number(match.3)
        )
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (number(match.4), number(match.5), number(match.6))
        let asked = [parts.tm_mon, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec]
        let seconds = timegm(&parts)
        // The system makes 31 February a day of March.
        guard asked == [parts.tm_mon, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec], seconds >= 0
        else { return nil }
        let digits = match.7.map(String.init) ?? ""
        let fraction = digits + String(repeating: "0", count: 6 - digits.count)
        return Timestamp(microseconds: Int64(seconds) * 1_000_000 + (Int64(fraction) ?? 0))
    }

    private static func format(_ seconds: Int64, _ pattern: String) -> String {
        var moment = time_t(seconds)
        var parts = tm()
        gmtime_r(&moment, &parts)
        var text = [CChar](repeating: 0, count: 64)
        let count = strftime(&text, text.count, pattern, &parts)
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Reads a whole small file; `nil` when it is missing.
func smallFile(_ path: String, most: Int = 1 << 20) throws(StartFault) -> [UInt8]? {
    let handle = open(path, O_RDONLY | O_CLOEXEC)
    guard handle >= 0 else {
        if errno == ENOENT { return nil }
        throw StartFault("\(path): \(String(cString: strerror(errno)))")
    }
    defer { close(handle) }
    var bytes = [UInt8](repeating: 0, count: most + 1)
    var done = 0
    while done < bytes.count {
        let count = bytes.withUnsafeMutableBytes { read(handle, $0.baseAddress! + done, $0.count - done) }
        guard count >= 0 else { throw StartFault("\(path): \(String(cString: strerror(errno)))") }
        if count == 0 { break }
        done += count
    }
    guard done <= most else { throw StartFault("\(path): larger than \(most) bytes") }
    return Array(bytes.prefix(done))
}

/// Writes a file so that after a crash either the old or the new one stands there.
func replaceFile(_ path: String, _ bytes: [UInt8]) throws(StartFault) {
    let beside = path + ".new"
    let handle = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard handle >= 0 else { throw StartFault("\(beside): \(String(cString: strerror(errno)))") }
    var done = 0
    while done < bytes.count {
        let count = bytes.withUnsafeBytes { write(handle, $0.baseAddress! + done, $0.count - done) }
        guard count > 0 else { break }
        done += count
    }
    let isSynced = fsync(handle) == 0
    close(handle)
    guard done == bytes.count, isSynced, rename(beside, path) == 0 else {
        throw StartFault("\(path): \(String(cString: strerror(errno)))")
    }
    let place = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let folder = open(place.isEmpty ? "/" : place, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
        fsync(folder)
        close(folder)
    }
}
