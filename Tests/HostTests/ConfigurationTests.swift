import Core
import LuaBridge
import Testing

@testable import Host

/// Reads a file's text and an environment as `neap run` does.
private func read(_ text: String, _ environment: [String: String] = [:]) -> (Configuration, [String]) {
    let (lines, faults) = EnvFile.read(Array(text.utf8))
    let result = Configuration.read(file: lines, named: ".env", environment: environment)
    return (result.configuration, faults + result.faults)
}

@Suite struct `The environment file` {
    @Test func `takes spaces, quotes, export, comments, CRLF and a byte order mark`() {
        let text =
            "\u{FEFF}export MAX_POSITION_SIZE = 250   # comment\r\nPOSITION_SIZE_USD='120'\r\n\r\n"
            + "# a whole line\r\nDATA_DIR=\"my # data\" # folder\r\nSTRATEGIES_DIR=a#b\r\nALLOW_BORROW=true"
        let (lines, faults) = EnvFile.read(Array(text.utf8))
        #expect(faults == [])
        #expect(
            lines.map { "\($0.number) \($0.name)=\($0.value)" } == [
                "1 MAX_POSITION_SIZE=250", "2 POSITION_SIZE_USD=120", "5 DATA_DIR=my # data",
                "6 STRATEGIES_DIR=a#b", "7 ALLOW_BORROW=true",
            ])
    }

    @Test func `names every fault with its line at once`() {
        let (_, faults) = EnvFile.read(
            Array("A=1\nA=2\nnonsense\nb=1\nC=\"open\nD='x' y\n1A=3".utf8))
        #expect(faults.count == 6)
        #expect(faults[0] == "line 2: A stands twice, first in line 1")
        #expect(faults[1] == "line 3: NAME=value is expected")
        #expect(faults[3].contains("closing"))
    }

    @Test func `that is not text is refused`() {
        #expect(EnvFile.read([0x41, 0x3d, 0xff]).faults == ["the file is not UTF-8 text"])
    }
}

@Suite struct `The configuration` {
    @Test func `of an empty file is the documented one`() {
        let (configuration, faults) = read("")
        #expect(faults == [])
        #expect(configuration.mode == .demo)
        #expect(configuration.bases == ["SOL", "BTC", "ETH", "SUI", "JUP"])
        #expect(configuration.limits.positionSizeMax == Money(200))
        #expect(configuration.limits.netEdgeMin == Percent("0.02"))
    }

    @Test func `the example file says the same as no file`() {
        let (configuration, faults) = read(Variable.example)
        let (standard, _) = read("")
        #expect(faults == [])
        #expect(configuration.limits == standard.limits)
        #expect(configuration.bases == standard.bases)
        #expect(configuration.data == standard.data)
        #expect(configuration.console == standard.console)
        #expect(configuration.unclaimed.isEmpty)
    }

    @Test func `the example file is made from the table`() throws {
        try expectGenerated(".env.example", Variable.example)
    }

    @Test func `the environment comes before the file`() {
        let (configuration, faults) = read("MAX_POSITION_SIZE=250", ["MAX_POSITION_SIZE": "99.5"])
        #expect(faults == [])
        #expect(configuration.limits.positionSizeMax == Money("99.5"))
    }

    @Test(arguments: [
        ("MAX_POSITION_SIZE", "1e3"), ("MAX_POSITION_SIZE", "-1"), ("MAX_POSITION_SIZE", ""),
        ("MAX_POSITION_SIZE", "200 USD"), ("MIN_NET_EDGE", "5.1"), ("MIN_NET_EDGE", "-1.1"),
        ("MIN_NET_EDGE", "+1"), ("MIN_NET_EDGE", ".5"), ("MAX_TRADES_PER_DAY", "2.5"),
        ("ALLOW_BORROW", "TRUE"), ("ALLOW_BORROW", "1"), ("TRADING_MODE", "Demo"),
        ("TRADING_PAIRS", "SOL,SOL"),
        ("TRADING_PAIRS", "SOL,"), ("TRADING_PAIRS", "sol"), ("MIN_CASH_RUNWAY", "1.01"),
        ("CONFIDENCE_THRESHOLD", "0.555"), ("BOOK_AGE_MAX_MS", "0"), ("SCRIPT_BUDGETS", "a:1,a:2"),
        ("INVENTORY_SOL", "-1"), ("BACKPACK_REST_URL", "ftp://x"), ("LIVE_CONFIRM", "Yes"),
    ])
    func `refuses a value out of range and names it`(name: String, value: String) {
        let (_, faults) = read("\(name)=\(value)")
        #expect(faults.count == 1)
        #expect(faults.first?.contains("\(name)=\(value): must") == true, "\(faults)")
    }

    @Test func `lists all faults at once`() {
        let (_, faults) = read("MAX_POSITION_SIZE=x\nALLOW_BORROW=2\nMAX_DAILY_LOSS=-3")
        #expect(faults.count == 3)
    }

    @Test func `never shows a secret`() {
        let (configuration, faults) = read("BACKPACK_PRIVATE_KEY=hunter2\nALERT_WEBHOOK_URL=https://secret")
        #expect(configuration.bindings["BACKPACK_PRIVATE_KEY"] == nil)
        #expect(configuration.bindings["ALERT_WEBHOOK_URL"] == nil)
        #expect(!"\(faults)".contains("hunter2"))
    }

    @Test func `a name of the file that nothing claims is kept for the scripts to claim`() {
        let (configuration, _) = read("MY_SCRIPTS_NAME=1")
        #expect(configuration.unclaimed.map(\.name) == ["MY_SCRIPTS_NAME"])
        #expect(configuration.bindings["MY_SCRIPTS_NAME"]?.text == "1")
    }

    @Test func `a name in the environment within two letters of ours is refused`() {
        let (_, faults) = read("", ["MAX_POSITION_SIZ": "1", "PATH": "/bin", "MAX_SOMETHING_ELSE": "1"])
        #expect(faults == ["environment: MAX_POSITION_SIZ is no variable; did you mean MAX_POSITION_SIZE?"])
    }

    @Test func `plain addresses reach this machine only`() {
        let (_, faults) = read("BACKPACK_REST_URL=http://example.com\nBACKPACK_WS_URL=ws://127.0.0.1:9")
        #expect(faults.count == 1)
        #expect(faults.first?.contains("BACKPACK_REST_URL") == true)
        #expect(read("BACKPACK_REST_URL=http://[::1]:80\nBACKPACK_WS_URL=ws://localhost").1 == [])
        #expect(read("BACKPACK_REST_URL=http://127.0.0.1.evil.com").1.count == 1)
    }

    @Test func `names a stranger together with the other faults, but not what a strategy binds`() throws {
        let folder = try TemporaryFolder()
        try folder.write("scripts/a.lua", #"return { params = { x = { 1, env = "MY_OWN" } } }"#)
        try folder.write(
            ".env",
            "MAX_POSITION_SIZE=abc\nFOO=1\nMY_OWN=2\nSTRATEGIES_DIR=\(folder.path)/scripts\n")
        let faults = #expect(throws: Configuration.Faults.self) {
            try RunPlan.configuration(file: folder.path + "/.env", mode: nil, environment: [:])
        }
        #expect(faults?.lines.count == 2)
        #expect(faults?.lines.last?.contains("line 2: FOO is no variable") == true)
    }
}

@Suite struct `A limit of single scripts` {
    @Test(
        arguments: [
            ("100000,ladder:200000", 100_000, ["ladder": 200_000]),
            ("ladder:1000", 100_000, ["ladder": 1000]),
            (" 5000 , a-b_1 : 100000000 ", 5000, ["a-b_1": 100_000_000]), ("1000", 1000, [:]),
            ("a:2000,b:3000", 100_000, ["a": 2000, "b": 3000]),
        ] as [(String, UInt64, [String: UInt64])])
    func `stands beside that of all`(text: String, all: UInt64, own: [String: UInt64]) {
        let (configuration, faults) = read("SCRIPT_STEPS=\(text)")
        #expect(faults == [])
        #expect(configuration.script.steps == all && configuration.ownLimits.steps == own)
    }

    @Test(arguments: [
        "", "999", "100000,5000", "ladder:999", "ladder:100000001", "ladder:5000,ladder:6000", "ladder",
        "Ladder:5000", ":5000", "ladder:", "a:b:5000", "100000,", "1e5", "ladder:-5000", "a b:5000",
    ])
    func `is checked like every other`(text: String) {
        let (configuration, faults) = read("SCRIPT_STEPS=\(text)")
        #expect(faults.count == 1 && faults[0].contains("SCRIPT_STEPS=\(text)"), "\(faults)")
        #expect(configuration.script.steps == 100_000 && configuration.ownLimits.steps == [:])
        #expect(read("SCRIPT_MEMORY_KIB=2048,ladder:255").1.count == 1)
    }

    @Test func `binds that script, and the others have what all have`() throws {
        let (configuration, _) = read("SCRIPT_STEPS=50000,ladder:200000\nSCRIPT_MEMORY_KIB=ladder:4096")
        let maker = ScriptMaker(
            limits: configuration.script, own: configuration.ownLimits, bindings: configuration.bindings)
        for (name, words) in [("ladder", "of 200000 steps"), ("other", "of 50000 steps")] {
            for maker in [maker, maker.patient] {
                let source = entering(at: "9", "while true do end", name: name)
                let script = try maker.make(
                    ScriptPackage(name: name, source: Array(source.utf8), library: []))
                guard case .fault(let fault) = script.score(MarketView(pair: "SOL", direction: .carry)) else {
                    Issue.record("it ended")
                    continue
                }
                #expect(fault.kind == .steps && fault.message.hasSuffix(words), "\(fault)")
            }
        }
        let (more, faults) = read("SCRIPT_WALL_MS=ladder:7\nSCRIPT_LOG_LINES=30,ladder:0")
        #expect(faults == [])
        let other = ScriptMaker(limits: more.script, own: more.ownLimits, bindings: [:])
        #expect(
            other.limits(of: "ladder").wall == .milliseconds(7) && other.limits(of: "ladder").logLines == 0)
        #expect(other.limits(of: "one").wall == .milliseconds(20) && other.limits(of: "one").logLines == 30)
        #expect(
            other.patient.limits(of: "ladder").wall == .milliseconds(350), "a rehearsal has fifty times that")
        #expect(maker.limits(of: "ladder").memoryKiB == 4096 && maker.limits(of: "other").memoryKiB == 2048)
    }

    @Test func `is told apart from what only the environment knows, which scripts cannot read as text`() {
        let (configuration, faults) = read(
            "OWN=a\nexport OTHER=b",
            ["OWN": "c", "PATH": "/bin", "SCRIPT_STEPS": "5000", "INVENTORY_SOL": "1", "CONSOLE_TOKEN": "t"])
        #expect(faults == [])
        let foreign = configuration.bindings.filter(\.value.isForeign).keys.sorted()
        #expect(foreign == ["PATH"])
        #expect(
            configuration.bindings["OWN"] == BoundValue(text: "c", origin: .environment)
                && configuration.bindings["CONSOLE_TOKEN"] == nil)
    }

    @Test func `bounds the source of that script and its chains of field accesses`() throws {
        let (configuration, faults) = read("SCRIPT_SOURCE_KIB=32,ladder:256\nSCRIPT_CHAIN=64,ladder:512")
        #expect(faults == [])
        let maker = ScriptMaker(limits: configuration.script, own: configuration.ownLimits, bindings: [:])
        #expect(maker.largestSourceKiB == 256, "so much of a file is read")
        #expect(maker.limits(of: "ladder").sourceKiB == 256 && maker.limits(of: "other").sourceKiB == 32)
        #expect(maker.limits(of: "ladder").chain == 512 && maker.limits(of: "other").chain == 64)
        #expect(configuration.scriptsNamed.suffix(2).map(\.names) == [["ladder"], ["ladder"]])
        for text in ["SCRIPT_SOURCE_KIB=0", "SCRIPT_SOURCE_KIB=257", "SCRIPT_CHAIN=7", "SCRIPT_CHAIN=a:513"] {
            #expect(read(text).1.count == 1, "\(text)")
        }
        #expect(read("").0.script == ScriptLimits())
    }

    @Test(.timeLimit(.minutes(3)))
    func `holds in a run and in its replay, and a name that nobody has is told`() throws {
        let loop = "if o.pair == \"SOL\" then for i = 1, 40000 do S.state.i = i end end"
        let text = "100000,one:400000,onee:5000"
        let host = try Rehearsed(
            ["one": entering(at: "9", loop), "two": entering(at: "9", loop, name: "two")], policy: .auto,
            segmentBytes: 128 << 10
        ) { configuration in
            let variable = Variable.all.first { $0.name == "SCRIPT_STEPS" }
            #expect(variable?.set(&configuration, text) == nil)
            configuration.bindings["SCRIPT_STEPS"] = BoundValue(text: text, origin: .file)
        }
        defer { host.end() }
        try host.wait("two is stopped", host.script("two") { $0.state == "stopped" })
        try host.wait("one is not", host.script("one") { $0.calls > 300 && $0.state == "active" })
        #expect(host.log.contains("two.lua:5: used up its steps: 100050 of 100000 steps"))
        #expect(host.count("SCRIPT_STEPS names onee, and no onee.lua stands in") == 1)
        #expect(host.log.contains("did you mean one?"))
        host.end()
        let replay = try Replay.play(host.run.folder.path)
        #expect(replay.segments >= 2 && replay.differences == [])
    }
}
