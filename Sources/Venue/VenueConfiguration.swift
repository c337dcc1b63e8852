import Core
import Exchange
import Simulator
import Synchronization

/// One account of the venue's file.
public struct AccountSetting: Sendable {
    /// The public key, base64.
    public var key: String
    public var balances: [(Asset, Money)]
    public var rates: FeeRates

    public init(key: String, balances: [(Asset, Money)] = [(.usdc, Money(1_000))], rates: FeeRates = .base) {
        (self.key, self.balances, self.rates) = (key, balances, rates)
    }
}

/// Where the venue's prices come from.
public enum MarketChoice: Sendable {
    /// Made from the seed; with further dislocations: base and seconds after the start.
    case generated(dislocations: [(base: String, seconds: Int64)], only: [String])
    /// A recording; its first row is shown at the start.
    case recorded(CrowdFeed)
}

/// The rows of a recording in order of time, taken piece by piece.
public struct CrowdFeed: Sendable {
    /// At most so many rows, the next ones; none at the end. Called by the starter and by the service thread.
    public let next: @Sendable (_ most: Int) -> [CrowdRow]

    public init(next: @escaping @Sendable (_ most: Int) -> [CrowdRow]) { self.next = next }

    /// All rows at once.
    public init(_ rows: [CrowdRow]) {
        let left = Mutex(rows[...])
        next = { most in
            left.withLock { left in
                let taken = left.prefix(most)
                left = left.dropFirst(taken.count)
                return Array(taken)
            }
        }
    }
}

/// How a venue is to be served.
public struct VenueConfiguration: Sendable {
    /// A numeric address; loopback unless told otherwise.
    public var host = "127.0.0.1"
    /// 0 lets the system choose.
    public var port = 0
    /// Empty: one account with 1,000 USDC and a key made up at start.
    public var accounts: [AccountSetting] = []
    public var seed: UInt64 = 1
    /// How much faster than the wall clock the venue's runs; positive.
    public var speed = 1.0
    public var market = MarketChoice.generated(dislocations: [], only: [])
    public var rules = VenueRules()
    /// What goes wrong on purpose; drawn from `seed`.
    public var faults = FaultPlan.none
    /// Requests with one key a minute of venue time; `nil` for no limit.
    public var requestsPerMinute: Int? = 2_000
    /// PEM files; `nil` serves plain text.
    public var certificate: String?, certificateKey: String?
    /// Keeps the moments of frames sent, orders and cancels received for `VenueServer.stamps`.
    public var keepsStamps = false
    /// Asked about the orders of every request that brings some; `nil` serves all. Called on the service
    /// thread.
    public var doorman: (@Sendable ([IncomingOrder]) -> OrderFate)?
    /// The venue's clock at the start; `nil` is the wall's.
    public var start: Timestamp?

    public init() {}
}

/// What becomes of a request with orders, for whoever chooses the moment himself.
public enum OrderFate: Sendable {
    case served
    /// It reaches no book, and its connection is closed without an answer.
    case lost
    /// The same, and nobody reaches the venue for so long; its markets go on.
    case away(TimeSpan)
}

/// Why a venue could not be set up.
public struct VenueFault: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// `{"accounts":[{"apiKey":"<base64>","balances":{"USDC":"1000"},"feesBps":{"spotMaker":"8",…}}]}`
public enum AccountFile {
    /// - Throws: what is wrong, by place.
    public static func read(_ bytes: [UInt8]) throws(VenueFault) -> [AccountSetting] {
        var parser = JSONParser()
        let result: Result<[AccountSetting], VenueFault>
        do {
            result = try parser.read(bytes) { root throws(FrameFault) in
                var settings: [AccountSetting] = []
                guard let rows = root["accounts"], rows.kind == .array else {
                    return .failure(VenueFault("accounts: a list is missing"))
                }
                for (index, row) in rows.elements.enumerated() {
                    switch account(row) {
                    case .success(let setting): settings.append(setting)
                    case .failure(let fault): return .failure(VenueFault("accounts[\(index)].\(fault)"))
                    }
                }
                return .success(settings)
            }
        } catch {
            throw VenueFault("account file: \(error)")
        }
        return try result.get()
    }

    private static func account(_ row: JSONNode) -> Result<AccountSetting, VenueFault> {
        guard let key = row["apiKey"]?.text?.string, SignatureCheck.bytes(key, count: 32) != nil else {
            return .failure(VenueFault("apiKey: not 32 bytes in base64"))
        }
        var setting = AccountSetting(key: key)
        if let balances = row["balances"] {
            setting.balances = []
            for (asset, value) in balances.fields {
                guard let amount = value.text.flatMap({ Money($0.string) }), amount >= .zero else {
                    return .failure(VenueFault("balances.\(asset.string): not a decimal text of at least 0"))
                }
                setting.balances.append((Asset(asset.string), amount))
            }
        }
        guard let fees = row["feesBps"] else { return .success(setting) }
        func rate(_ name: StaticString, _ fallback: Percent) -> Percent? {
            guard let value = fees[name] else { return fallback }
            // A basis point is a hundredth of a percent, which counts 10⁻⁸.
            return value.text.flatMap { DecimalText.parse($0.string, places: 6) }
                .flatMap { Int64(exactly: $0) }.map(Percent.init(raw:))
        }
        guard let spotMaker = rate("spotMaker", FeeRates.base.spotMaker),
            let spotTaker = rate("spotTaker", FeeRates.base.spotTaker),
            let perpMaker = rate("perpMaker", FeeRates.base.perpMaker),
            let perpTaker = rate("perpTaker", FeeRates.base.perpTaker)
        else { return .failure(VenueFault("feesBps: basis points are decimal texts")) }
        setting.rates = FeeRates(
            spotMaker: spotMaker, spotTaker: spotTaker, perpMaker: perpMaker, perpTaker: perpTaker)
        return .success(setting)
    }
}

/// The venue's clock: it begins at `start` and runs `speed` times as fast as the wall's.
public struct VenueClock: Sendable {
    public let start: Timestamp
    /// Wall clock at the start, microseconds.
    public let startWall: Int64
    let speed: Double

    /// The venue's time when the wall clock shows `wall`, microseconds.
    public func now(wall: Int64) -> Timestamp {
        Timestamp(microseconds: start.microseconds + Int64(Double(wall - startWall) * speed))
    }

    /// Microseconds of wall time until the venue's clock shows `due`.
    func wait(until due: Timestamp, from now: Timestamp) -> Int64 {
        let span = Double((due - now).microseconds) / speed
        return max(0, Int64(min(span, 1_000_000)))
    }
}
