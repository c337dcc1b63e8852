import Foundation

// What `make bench` and `make bench-scripts` run: see docs/performance.md for how to read it.

let words = CommandLine.arguments
let folder = URL(fileURLWithPath: words[0]).deletingLastPathComponent().path
let rounds = words.count > 1 ? Int(words[1]) ?? 0 : 4
let part = words.count > 2 ? words[2] : "all"
let hostParts = ["turns", "wire", "journal"]
let scriptParts = ["calls", "reload", "swap", "many", "runaways", "reloads"]
guard rounds > 0, (["all", "scripts"] + hostParts + scriptParts).contains(part) else {
    print(
        "Bench [ROUNDS [all|scripts|\((hostParts + scriptParts).joined(separator: "|"))]]: "
            + "rounds of the wire benchmark, 4 without a number; scripts is everything after wire")
    exit(2)
}
/// Whether that part was asked for, by its name or its group's.
func wanted(_ name: String) -> Bool {
    part == name || (part == "all" && hostParts.contains(name))
        || (part == "scripts" && scriptParts.contains(name))
}

let scratch = FileManager.default.temporaryDirectory.path + "/neap-bench-\(getpid())"
try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
do {
    if wanted("turns") {
        print("In the process, a recorded minute of the demo (seed 7, speed 10):")
        try TurnBench(neap: folder + "/neap", scratch: scratch).run()
    }
    if wanted("wire") {
        print("Wire to wire over TLS loopback, \(rounds) rounds, the three interleaved:")
        try WireBench(programs: folder, scratch: scratch).run(rounds: rounds)
    }
    if wanted("journal") {
        print("What the desk writes, a frame each millisecond, \(JournalBench.seconds) s for each line:")
        try JournalBench(scratch: scratch).run()
    }
    if wanted("calls") {
        print("Calls of a small script, medians of \(CallBench.rounds) rounds, the kinds interleaved:")
        if words.count > 4, let calls = Int(words[4]) {
            try CallBench().runOne(words[3], calls: calls)
        } else {
            try CallBench().run()
        }
    }
    if wanted("reload") {
        print(
            "A saved file to the swap, \(ReloadBench.minutes) minutes of five pairs at speed 1 to rehearse:")
        let source = try Data(contentsOf: URL(fileURLWithPath: "strategies/spot_perp_arb.lua"))
        try ReloadBench(scratch: scratch).run([UInt8](source), name: "spot_perp_arb")
    }
    if ["swap", "many", "runaways"].contains(where: wanted) {
        let recording = try DeskRecording(neap: folder + "/neap", scratch: scratch, seconds: 20)
        if wanted("swap") {
            print("The pause of a swap, between the frames of a recorded run:")
            try SwapBench(recording: recording, scratch: scratch).run()
        }
        if wanted("many") {
            print("\(ManyBench.many) scripts and one, the same turns, medians of \(ManyBench.rounds) rounds:")
            try ManyBench(recording: recording).run()
        }
        if wanted("runaways") {
            print("Runaways:")
            try RunawayBench(recording: recording).run()
        }
    }
    if wanted("reloads") {
        print("Reloads under load:")
        let reloads = words.count > 3 ? Int(words[3]) ?? 0 : 10_000
        try ReloadLoadBench(scratch: scratch, reloads: max(1, reloads)).run()
    }
    try FileManager.default.removeItem(atPath: scratch)
} catch {
    // The logs are kept: they say what failed.
    print("Bench: \(error); logs in \(scratch)")
    exit(1)
}
