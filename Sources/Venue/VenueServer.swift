import Core
import Exchange
import Simulator
import Synchronization
import Wire

/// What a caller must know to trade at a served venue.
public struct VenueReady: Sendable, Equatable {
    /// `http://127.0.0.1:8080`, `ws://127.0.0.1:8080`; `https`, `wss` with a certificate.
    public let rest: String, ws: String
    public let apiKey: String
    /// Only of a key that was made up at start.
    public let apiSecret: String?
    public let port: Int

    /// One line for standard output; without the secret when it is the caller's own.
    public var line: String {
        var json = JSONText()
        json.object {
            $0.field("rest", rest)
            $0.field("ws", ws)
            $0.field("apiKey", apiKey)
            if let apiSecret { $0.field("apiSecret", apiSecret) }
        }
        return json.string
    }
}

/// When a frame left, an order or a cancel came: microseconds of the monotonic clock.
public struct VenueStamps: Sendable {
    /// Depth frames by symbol and update id.
    public var frames: [(symbol: String, sequence: Int64, at: Int64)] = []
    public var orders: [(client: UInt32, at: Int64)] = []
    /// Requests to cancel, also of orders that were gone.
    public var cancels: [Int64] = []
}

/// A simulated exchange behind the real protocol: REST and WebSocket on one port.
public final class VenueServer: Sendable {
    public let ready: VenueReady
    private let server: HTTPServer
    private let desk: VenueDesk

    private init(_ server: HTTPServer, _ desk: VenueDesk, _ ready: VenueReady) {
        (self.server, self.desk, self.ready) = (server, desk, ready)
    }

    /// Listens at once.
    public static func start(_ configuration: VenueConfiguration) throws(VenueFault) -> VenueServer {
        guard configuration.speed > 0, configuration.speed <= 10_000 else {
            throw VenueFault("speed: \(configuration.speed) is not above 0 and at most 10000")
        }
        var configuration = configuration
        var secret: String?
        if configuration.accounts.isEmpty {
            let made = SignatureCheck.makeKeys()
            secret = made.secret
            configuration.accounts = [AccountSetting(key: made.key)]
        }
        let desk = try VenueDesk(configuration)
        let tls: TLSFiles?
        switch (configuration.certificate, configuration.certificateKey) {
        case (let certificate?, let key?): tls = TLSFiles(certificate: certificate, key: key)
        case (nil, nil): tls = nil
        default: throw VenueFault("tls: certificate and key go together")
        }
        let server: HTTPServer
        do {
            server = try HTTPServer(
                listen: .tcp(host: configuration.host, port: configuration.port), tls: tls, handler: desk)
        } catch {
            throw VenueFault(error.plainText)
        }
        let place = "://\(configuration.host):\(server.port)", safe = tls == nil ? "" : "s"
        let ready = VenueReady(
            rest: "http\(safe)\(place)", ws: "ws\(safe)\(place)", apiKey: configuration.accounts[0].key,
            apiSecret: secret, port: server.port)
        return VenueServer(server, desk, ready)
    }

    public func stop() { server.stop() }

    /// The venue's clock now: the demo clock.
    public var clock: VenueClock { desk.clock }

    /// Charges the next fee wrong in the balances and right in the fill: a fault for others to find.
    public func misChargeNextFee(by amount: Money) { ask(.misCharge(amount)) }

    /// Closes every WebSocket, as a server does that goes away.
    public func dropStreams() { ask(.dropStreams) }

    /// Nobody reaches the venue for so long of its own time; its markets go on.
    public func goAway(for span: TimeSpan) { ask(.goAway(span)) }

    /// The owner of the first account deposits, or withdraws what is free.
    /// - Parameter confirms: it is over at once; otherwise it is pending until `endTransfers`.
    public func transfer(
        _ kind: OutsideTransfer.Kind, _ amount: Money, _ asset: Asset, fee: Money = .zero,
        confirms: Bool = true
    ) {
        ask(
            .transfer(
                PlayedTransfer(kind: kind, amount: amount, asset: asset, fee: fee, confirms: confirms)))
    }

    /// Every deposit and withdrawal that is pending is confirmed, or comes to nothing.
    public func endTransfers(well: Bool) { ask(.endTransfers(well: well)) }

    /// Puts executions of somebody without a name into the first account's history, spread evenly; nothing
    /// that is held changes by them.
    package func remember(fills count: Int, of symbol: String, from: Timestamp, to: Timestamp) {
        ask(.remember(count: count, symbol: symbol, from: from, to: to))
    }

    /// Moves the clock that it tells and checks signatures by; its markets go on as they were.
    package func shiftClock(by span: TimeSpan) { ask(.shiftClock(span)) }

    /// What was stamped so far; empty unless the configuration asked for it.
    public var stamps: VenueStamps { desk.shared.withLock { $0.stamps } }

    /// How often each fault of the plan was played so far, in the order of the names; empty without a plan.
    public var faultsPlayed: [(name: String, count: Int)] {
        desk.shared.withLock { $0.faultsPlayed }.map { ($0.name.rawValue, $0.count) }
    }

    /// Whether a recorded market has shown its last row.
    public var isMarketOver: Bool { desk.shared.withLock { $0.isMarketOver } }

    private func ask(_ hook: VenueHook) {
        desk.shared.withLock { $0.hooks.append(hook) }
        server.wake()
    }
}

/// What may be asked of a running venue from other threads.
enum VenueHook: Sendable {
    case misCharge(Money), dropStreams, goAway(TimeSpan)
    case remember(count: Int, symbol: String, from: Timestamp, to: Timestamp)
    case shiftClock(TimeSpan)
    case transfer(PlayedTransfer), endTransfers(well: Bool)
}

/// What other threads share with the service thread.
struct VenueShared: Sendable {
    var hooks: [VenueHook] = []
    var stamps = VenueStamps()
    var isMarketOver = false
    var faultsPlayed: [(name: FaultName, count: Int)] = []
}
