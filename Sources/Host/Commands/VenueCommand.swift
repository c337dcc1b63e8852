import ArgumentParser
import Glibc
import Market
import Simulator
import Venue

/// `neap venue`: the embedded exchange alone, over the real protocol on loopback.
struct VenueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "venue",
        abstract: "Serve a Backpack-shaped exchange with a generated market on loopback.",
        discussion: """
            When ready, one line of JSON on standard output tells the addresses and the key: \
            {"rest":…,"ws":…,"apiKey":…,"apiSecret":…}; the secret only when the key was made up. \
            Ctrl-C ends it; with --faults standard error then tells how often each was played.
            """)

    @Option(help: "Port of 127.0.0.1; 0 lets the system choose.")
    var port = 0
    @Option(
        help: ArgumentHelp(
            "Accounts as JSON; without it one with 1,000 USDC and a made-up key.", valueName: "file"))
    var account: String?
    @Option(
        name: .customLong("market"), parsing: .upToNextOption,
        help: ArgumentHelp("Play recorded markets instead, CSV or CSV.gz.", valueName: "file"))
    var markets: [String] = []
    @Option(help: "Fixes the generated market.")
    var seed: UInt64 = 1
    @Option(help: "How many times as fast as the wall its clock runs.")
    var speed = 1.0
    @Option(
        help: ArgumentHelp(
            "Further dislocations: SOL@30,BTC@90 (seconds after the start).", valueName: "list"))
    var dislocate: String?
    @Option(
        name: .customLong("faults"),
        help: ArgumentHelp(
            "What it does wrong on purpose.", discussion: FaultText.help, valueName: "plan"))
    var faultPlan: String?
    @Option(help: ArgumentHelp("Serve TLS with these PEM files.", valueName: "cert,key"))
    var tls: String?

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port \(port): 0 to 65535") }
        guard speed > 0, speed <= 10_000 else {
            throw ValidationError("--speed \(speed): above 0, at most 10000")
        }
        _ = try dislocations()
        _ = try faults()
        if let tls, tls.split(separator: ",").count != 2 {
            throw ValidationError(
                "--tls \(tls): two files, the certificate and its key, with a comma between")
        }
    }

    func run() throws {
        Signals.block()
        var configuration = VenueConfiguration()
        configuration.port = port
        configuration.seed = seed
        configuration.speed = speed
        configuration.faults = try faults()
        configuration.market = .generated(dislocations: try dislocations(), only: [])
        if let tls {
            let files = tls.split(separator: ",").map(String.init)
            (configuration.certificate, configuration.certificateKey) = (files[0], files[1])
        }
        do {
            if !markets.isEmpty {
                let recorded = try RecordedMarket.open(markets)
                for remark in recorded.remarks { Terminal.complain("neap venue: \(remark)") }
                configuration.market = .recorded(recorded.feed)
            }
            if let account { configuration.accounts = try Self.accounts(account) }
            let server = try VenueServer.start(configuration)
            Terminal.say(server.ready.line)
            _ = Signals.wait()
            server.stop()
            Self.faultLine(server.faultsPlayed).map(Terminal.complain)
        } catch let fault as MarketFault {
            Terminal.complain("neap venue: --market \(fault)")
            throw ExitCode(2)
        } catch let fault as VenueFault {
            Terminal.complain("neap venue: \(fault)")
            throw ExitCode(1)
        }
    }

    private func dislocations() throws -> [(base: String, seconds: Int64)] {
        try (dislocate ?? "").split(separator: ",").map { part in
            let halves = part.split(separator: "@")
            guard halves.count == 2, let seconds = Int64(halves[1]), seconds >= 0 else {
                throw ValidationError("--dislocate \(part): PAIR@SECONDS, for example SOL@30")
            }
            return (String(halves[0]), seconds)
        }
    }

    private func faults() throws -> FaultPlan {
        do throws(Configuration.Faults) { return try faultPlan.map(FaultText.read) ?? FaultPlan.none } catch {
            throw ValidationError(error.description)
        }
    }

    /// What was played, for people; `nil` without a plan.
    static func faultLine(_ played: [(name: String, count: Int)]) -> String? {
        guard !played.isEmpty else { return nil }
        return "neap venue: faults played: "
            + played.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    }

    /// The accounts of a file.
    static func accounts(_ path: String) throws -> [AccountSetting] {
        do throws(StartFault) {
            guard let bytes = try smallFile(path) else {
                throw StartFault("\(path): there is no such file")
            }
            return try readAccounts(bytes, path)
        } catch { throw ValidationError("--account \(error)") }
    }

    private static func readAccounts(_ bytes: [UInt8], _ path: String) throws(StartFault) -> [AccountSetting]
    {
        do throws(VenueFault) { return try AccountFile.read(bytes) } catch {
            throw StartFault("\(path): \(error)")
        }
    }
}
