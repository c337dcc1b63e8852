import Foundation

// What `make bench` runs: see docs/performance.md for how to read it.

let words = CommandLine.arguments
let folder = URL(fileURLWithPath: words[0]).deletingLastPathComponent().path
let rounds = words.count > 1 ? Int(words[1]) ?? 0 : 4
let part = words.count > 2 ? words[2] : "all"
guard rounds > 0, ["all", "turns", "wire"].contains(part) else {
    print("Bench [ROUNDS [all|turns|wire]]: rounds of the wire benchmark, 4 without a number")
    exit(2)
}
let scratch = FileManager.default.temporaryDirectory.path + "/neap-bench-\(getpid())"
try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
do {
    if part != "wire" {
        print("In the process, a recorded minute of the demo (seed 7, speed 10):")
        try TurnBench(neap: folder + "/neap", scratch: scratch).run()
    }
    if part != "turns" {
        print("Wire to wire over TLS loopback, \(rounds) rounds, the three interleaved:")
        try WireBench(programs: folder, scratch: scratch).run(rounds: rounds)
    }
    try FileManager.default.removeItem(atPath: scratch)
} catch {
    // The logs are kept: they say what failed.
    print("Bench: \(error); logs in \(scratch)")
    exit(1)
}
