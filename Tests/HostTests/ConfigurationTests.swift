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
