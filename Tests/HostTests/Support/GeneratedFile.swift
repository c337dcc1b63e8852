import Foundation
import Testing

/// A file of the project that is made from a table in the code.
///
/// `NEAP_WRITE_GENERATED=1 swift test` writes it; any other run compares.
func expectGenerated(_ path: String, _ text: String, file: String = #filePath) throws {
    let root = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let place = root.appending(path: path)
    if ProcessInfo.processInfo.environment["NEAP_WRITE_GENERATED"] == "1" {
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: place, atomically: true, encoding: .utf8)
    }
    let stands = try? String(contentsOf: place, encoding: .utf8)
    #expect(stands == text, "\(path) drifted; NEAP_WRITE_GENERATED=1 swift test writes it")
}
