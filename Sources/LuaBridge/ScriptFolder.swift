import Glibc

/// A folder of strategies: every `*.lua` directly in it runs; `lib/` is for `include`.
public struct ScriptFolder: Sendable {
    public let path: String
    /// The largest source that any script or include may have; what a single one may is for its limits.
    public let mostKiB: Int
    public init(path: String, mostKiB: Int = ScriptLimits().sourceKiB) {
        (self.path, self.mostKiB) = (path, mostKiB)
    }

    /// What a folder holds: scripts that could be read, why others could not, and every name that is there.
    public struct Contents: Sendable {
        public internal(set) var packages: [ScriptPackage] = []
        public internal(set) var reports: [ScriptReport] = []
        public internal(set) var names: [String] = []
    }

    /// What the folder holds now, sorted by name.
    /// - Throws: `ScriptReport` when the folder cannot be read at all, or others may write to it.
    public func read() throws(ScriptReport) -> Contents {
        var reports: [ScriptReport] = []
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & 0o002 != 0 {
            throw ScriptReport(
                place: path, message: "anybody may write to this folder of strategies; chmod o-w \(path)")
        }
        var library: [ScriptSource] = []
        for name in names(in: path + "/lib") ?? [] {
            switch source(path + "/lib/", name) {
            case .success(let bytes):
                library.append(ScriptSource(name: String(name.dropLast(4)), bytes: bytes))
            case .failure(let report): reports.append(report)
            }
        }
        guard let files = names(in: path) else {
            throw ScriptReport(
                place: path,
                message: "the folder of strategies cannot be read: \(String(cString: strerror(errno)))")
        }
        var packages: [ScriptPackage] = []
        for name in files {
            switch source(path + "/", name) {
            case .success(let bytes):
                packages.append(
                    ScriptPackage(name: String(name.dropLast(4)), source: bytes, library: library))
            case .failure(let report): reports.append(report)
            }
        }
        return Contents(
            packages: packages, reports: reports, names: files.map { String($0.dropLast(4)) })
    }

    /// The folder that a file stands in.
    public static func folder(of file: String) -> String {
        guard let slash = file.lastIndex(of: "/") else { return "." }
        return slash == file.startIndex ? "/" : String(file[..<slash])
    }

    /// One strategy by its path, under the rules of a folder; `include` finds `lib/` beside it or beside its
    /// folder.
    /// - Returns: with it, why files of `lib/` cannot be included.
    /// - Throws: `ScriptReport` when it cannot be taken.
    public static func package(
        _ file: String, mostKiB: Int = ScriptLimits().sourceKiB
    ) throws(ScriptReport) -> (package: ScriptPackage, unreadable: [ScriptReport]) {
        let home = folder(of: file)
        let name = file.split(separator: "/").last.map(String.init) ?? file
        guard name.hasSuffix(".lua") else {
            throw ScriptReport(place: file, message: "is no .lua file")
        }
        let here = ScriptFolder(path: home, mostKiB: mostKiB)
        guard case .success(let source) = here.source(home + "/", name) else {
            if case .failure(let report) = here.source(home + "/", name) { throw report }
            throw ScriptReport(place: file, message: "cannot be read")
        }
        var library: [ScriptSource] = []
        var unreadable: [ScriptReport] = []
        for place in [home + "/lib", home + "/../lib"] where library.isEmpty {
            for part in here.names(in: place) ?? [] {
                switch here.source(place + "/", part) {
                case .success(let bytes):
                    library.append(ScriptSource(name: String(part.dropLast(4)), bytes: bytes))
                case .failure(let report): unreadable.append(report)
                }
            }
        }
        let package = ScriptPackage(name: String(name.dropLast(4)), source: source, library: library)
        return (package, unreadable)
    }

    private func names(in folder: String) -> [String]? {
        guard let handle = opendir(folder) else { return nil }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".lua"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private func source(_ folder: String, _ name: String) -> Result<[UInt8], ScriptReport> {
        let file = folder + name
        func refused(_ message: String) -> Result<[UInt8], ScriptReport> {
            .failure(ScriptReport(place: file, message: message))
        }
        guard Self.isName(String(name.dropLast(4))) else {
            return refused("names are small letters, digits, _ and -, at most 64 of them, and .lua")
        }
        // Without O_NONBLOCK a pipe by that name would hold the reader for ever.
        let handle = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard handle >= 0 else {
            if errno == ELOOP { return refused("is a symbolic link; put the file itself here") }
            return refused(String(cString: strerror(errno)))
        }
        defer { close(handle) }
        var status = stat()
        guard fstat(handle, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return refused("is not a regular file")
        }
        var bytes = [UInt8](repeating: 0, count: mostKiB << 10 + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(handle, $0.baseAddress! + count, $0.count - count)
            }
            guard got >= 0 else { return refused(String(cString: strerror(errno))) }
            if got == 0 { break }
            count += got
        }
        guard count <= mostKiB << 10 else {
            return refused("is larger than \(mostKiB) KiB (SCRIPT_SOURCE_KIB)")
        }
        bytes.removeLast(bytes.count - count)
        guard String(validating: bytes, as: UTF8.self) != nil else { return refused("is not UTF-8 text") }
        return .success(Self.withoutMark(bytes))
    }

    /// Without the byte order mark that some editors put in front, which is no Lua.
    public static func withoutMark(_ bytes: [UInt8]) -> [UInt8] {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    }

    /// What a strategy may be called.
    public static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (97...122).contains($0) || $0 == 95 || $0 == 45
            }
    }
}
