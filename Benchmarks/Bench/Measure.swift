import Foundation
import Histogram
import Wire

/// Nanoseconds of many events.
struct Measure {
    private var histogram = Histogram<UInt32>(
        highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)

    mutating func add(_ nanoseconds: Int64) { histogram.record(UInt64(max(0, nanoseconds))) }

    var count: Int { Int(histogram.totalCount) }
    /// Microseconds.
    func percentile(_ part: Double) -> Double { Double(histogram.valueAtPercentile(part)) / 1000 }

    /// Microseconds.
    var longest: Double { Double(histogram.max) / 1000 }

    /// `name   n 1234   p50 1.2   p99 3.4 µs`.
    func line(_ name: String) -> String {
        guard count > 0 else { return "  \(pad(name, 44)) nothing measured" }
        let digits = percentile(50) < 10 ? "%.2f" : "%.0f"
        return "  \(pad(name, 44)) n \(pad(String(count), 7)) p50 \(String(format: digits, percentile(50)))"
            + "   p99 \(String(format: digits, percentile(99))) µs"
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Why nothing was measured.
struct BenchFault: Error, CustomStringConvertible {
    let description: String
}

/// One program, started and waited for.
func launch(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], log: String
) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    let handle = FileHandle(forWritingAtPath: log)
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    return process
}
