import Core
import Foundation
import Gateway
import Venue

/// From a depth frame on the venue's side of a TLS connection to the order that answers it, in a process of
/// its own: ours, and two in C that know nothing.
///
/// The market is a square wave: the perp jumps 0.96 % above spot, and back, every 400 ms. Each jump makes neap
/// enter or leave a pair; the floors send one order a jump. All read the streams of five pairs.
struct WireBench {
    let programs: String, scratch: String
    static let jumps = 60, jumpMilliseconds: Int64 = 400, firstSeconds: Int64 = 3
    static let symbol = "SOL_USDC_PERP"

    private struct Contender {
        let name: String
        let start: (VenueServer, _ seconds: Int) throws -> Process
        var measure = Measure()
        var missed = 0
    }

    func run(rounds: Int) throws {
        let tls = try certificate()
        let keys = Signer.makeKey()
        let market = scratch + "/market.csv"
        try Self.market().write(toFile: market, atomically: true, encoding: .utf8)
        try environment(keys, tls.certificate).write(
            toFile: scratch + "/live.env", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: scratch + "/live.env")
        var contenders = [
            Contender(name: "neap (journal, limits, Lua)") { try neap($0, $1) },
            Contender(name: "C floor, three threads") { try floor("three", $0, $1, keys, tls.certificate) },
            Contender(name: "C floor, one thread") { try floor("one", $0, $1, keys, tls.certificate) },
        ]
        for round in 0..<rounds {
            for place in contenders.indices {
                let venue = try serve(market, keys.apiKey, tls)
                defer { venue.stop() }
                let seconds =
                    Int(Self.firstSeconds) + Self.jumps * Int(Self.jumpMilliseconds) / 1000 + 1
                let process = try contenders[place].start(venue, seconds)
                process.waitUntilExit()
                count(venue.stamps, &contenders[place])
                if contenders[place].measure.count == 0 {
                    throw BenchFault(description: "\(contenders[place].name): no order came (round \(round))")
                }
            }
        }
        for contender in contenders {
            print(
                contender.measure.line(contender.name)
                    + (contender.missed > 0 ? "   (\(contender.missed) jumps without an order)" : ""))
        }
        for floor in contenders.dropFirst() {
            let ratio = { (part: Double) in
                contenders[0].measure.percentile(part) / floor.measure.percentile(part)
            }
            print(
                String(
                    format: "  neap over %@: p50 %.2f   p99 %.2f", floor.name, ratio(50), ratio(99)))
        }
        print("  tick_to_order_us of the last neap run: \(try tickToOrder())")
    }

    /// Pairs each jump's first frame with the first order behind it.
    private func count(_ stamps: VenueStamps, _ contender: inout Contender) {
        var jumps: [Int64] = []
        for frame in stamps.frames where frame.symbol == Self.symbol {
            if let last = jumps.last, frame.at - last < Self.jumpMilliseconds * 500 { continue }
            jumps.append(frame.at)
        }
        // The first ones meet cold caches and connections that are still being opened.
        for (place, jump) in jumps.enumerated() where place >= 4 {
            let end = place + 1 < jumps.count ? jumps[place + 1] : jump + Self.jumpMilliseconds * 1000
            if let order = stamps.orders.first(where: { $0.at >= jump && $0.at < end }),
                order.at - jump < 60_000
            {
                contender.measure.add((order.at - jump) * 1000)
            } else {
                contender.missed += 1
            }
        }
    }

    // MARK: The venue

    /// Beside the square wave, quantities at the touch of all five pairs change a thousand times a second: a
    /// quiet market would measure how long a sleeping processor takes to wake.
    private static func market() -> String {
        let touches = [
            ("SOL_USDC", "149.99", "150.00"), ("BTC_USDC", "87000.0", "87000.1"),
            ("ETH_USDC", "2600.00", "2600.01"), ("SUI_USDC", "3.0000", "3.0001"),
            ("JUP_USDC", "0.50000", "0.50001"),
        ]
        var lines = ["ts_us,symbol,bid,bid_qty,ask,ask_qty"]
        let start: Int64 = 1_700_000_000_000_000
        let flips = start + firstSeconds * 1_000_000, jump = jumpMilliseconds * 1000
        for step in 0..<((firstSeconds + 1) * 1000 + Int64(jumps) * jumpMilliseconds) {
            let time = start + step * 1000
            let isHigh = time >= flips && (time - flips) / jump % 2 == 0
            let (spot, bid, ask) = touches[Int(step % 10) / 2]
            let quantity = 5_000_000 + step / 10 % 7
            if time >= flips - jump, (time - flips) % jump == 0 {
                lines.append(
                    "\(time),\(symbol)," + (isHigh ? "151.44,5000,151.45,5000" : "149.50,5000,149.51,5000"))
                continue
            }
            guard step % 2 == 1 else {
                lines.append("\(time),\(spot),\(bid),\(quantity),\(ask),\(quantity)")
                continue
            }
            // The traded perp is still between two jumps: each of its frames is one.
            guard spot != "SOL_USDC" else { continue }
            lines.append("\(time),\(spot)_PERP,\(bid),\(quantity),\(ask),\(quantity)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func serve(
        _ market: String, _ key: String, _ tls: (certificate: String, key: String)
    ) throws -> VenueServer {
        var configuration = VenueConfiguration()
        configuration.accounts = [AccountSetting(key: key, balances: [(.usdc, Money(1_000_000))])]
        configuration.market = .recorded(try RecordedMarket.open([market]).feed)
        configuration.requestsPerMinute = nil
        configuration.keepsStamps = true
        (configuration.certificate, configuration.certificateKey) = (tls.certificate, tls.key)
        return try VenueServer.start(configuration)
    }

    private func certificate() throws -> (certificate: String, key: String) {
        let files = (certificate: scratch + "/venue.pem", key: scratch + "/venue.key")
        let openssl = try launch(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost", "-keyout", files.key, "-out", files.certificate,
            ], log: scratch + "/openssl.log")
        openssl.waitUntilExit()
        guard openssl.terminationStatus == 0 else {
            throw BenchFault(description: "no certificate: \(scratch)/openssl.log")
        }
        return files
    }

    // MARK: The three

    private func environment(_ keys: (apiKey: String, apiSecret: String), _ certificate: String) -> String {
        """
        BACKPACK_API_KEY=\(keys.apiKey)
        BACKPACK_PRIVATE_KEY=\(keys.apiSecret)
        BACKPACK_CA_FILE=\(certificate)
        LIVE_CONFIRM=yes
        RELOAD_POLICY=auto
        USE_MAKER_FOR_LARGE_SPREADS=false
        MIN_PERSIST_MS=0
        COOLDOWN_SECONDS=0
        LOSS_COOLDOWN_SECONDS=0
        LOSING_ROUNDS_MAX=1000
        FUNDING_GUARD_S=0
        INDEX_DEVIATION_MAX=10
        MAX_TRADES_PER_DAY=100000
        MAX_FEES_PER_DAY=1000000
        MAX_DAILY_LOSS=1000000

        """
    }

    private func neap(_ venue: VenueServer, _ seconds: Int) throws -> Process {
        try? FileManager.default.removeItem(atPath: scratch + "/live")
        return try launch(
            programs + "/neap",
            [
                "run", "--mode", "live", "--env", scratch + "/live.env", "--data", scratch + "/live", "--for",
                String(seconds), "--console", "off", "--summary", scratch + "/summary.json",
            ],
            environment: [
                "BACKPACK_REST_URL": "https://localhost:\(venue.ready.port)",
                "BACKPACK_WS_URL": "wss://localhost:\(venue.ready.port)",
            ], log: scratch + "/neap.log")
    }

    private func floor(
        _ kind: String, _ venue: VenueServer, _ seconds: Int, _ keys: (apiKey: String, apiSecret: String),
        _ certificate: String
    ) throws -> Process {
        try launch(
            programs + "/Floor",
            [
                kind, "localhost", String(venue.ready.port), certificate, keys.apiSecret, keys.apiKey,
                Self.symbol, String(seconds),
            ], log: scratch + "/floor.log")
    }

    private func tickToOrder() throws -> String {
        let data = try Data(contentsOf: URL(fileURLWithPath: scratch + "/summary.json"))
        let summary = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        let figures = summary?["tick_to_order_us"] as? [String: Any] ?? [:]
        return "p50 \(figures["p50"] ?? "–"), p99 \(figures["p99"] ?? "–")"
    }
}
