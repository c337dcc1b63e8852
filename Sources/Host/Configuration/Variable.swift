import Core
import LuaBridge

/// One variable of the configuration (DESIGN 5): the one table behind the reader, `.env.example` and the
/// reference page.
struct Variable: Sendable {
    let name: String
    /// As it would be written; empty when there is none.
    let standard: String
    /// Unit and range, for people.
    let range: String
    let meaning: String
    var isSecret = false
    /// The value is bound by scripts alone: the host has no default of its own.
    var isScripts = false
    /// Puts the text into the configuration, or says what it must be.
    let set: @Sendable (inout Configuration, String) -> String?

    static let inventoryPrefix = "INVENTORY_"

    static let all: [Variable] = [
        text("BACKPACK_API_KEY", "base64, 32 bytes", "Public key of the exchange's API; live.", secret: true)
        { $0.apiKey = $1 },
        text(
            "BACKPACK_PRIVATE_KEY", "base64, 32 bytes",
            "Private key of the exchange's API; live. Never shown, never logged.", secret: true
        ) { $0.privateKey = $1 },
        url(
            "BACKPACK_REST_URL", "https://api.backpack.exchange", ["https://", "http://"],
            "Where the REST calls go; plain http only to this machine."
        ) { $0.restURL = $1 },
        url(
            "BACKPACK_WS_URL", "wss://ws.backpack.exchange", ["wss://", "ws://"],
            "Where the streams are; plain ws only on this machine."
        ) { $0.wsURL = $1 },
        text("BACKPACK_CA_FILE", "path", "PEM file of the authorities to trust instead of the system's.") {
            $0.caFile = $1.isEmpty ? nil : $1
        },
        choice(
            "TRADING_MODE", "demo", TradingMode.allCases.map(\.rawValue),
            "What `neap run` does without --mode."
        ) { $0.mode = TradingMode(rawValue: $1) ?? .demo },
        Variable(
            name: "TRADING_PAIRS", standard: "SOL,BTC,ETH,SUI,JUP", range: "base assets",
            meaning: "Pairs that may be traded: spot and perpetual of each base."
        ) { configuration, text in
            let bases = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmed }
            guard
                bases.allSatisfy({
                    !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
                }), Set(bases).count == bases.count
            else { return "must be base assets with commas between, none twice, such as SOL,BTC" }
            configuration.bases = bases
            return nil
        },
        text("STRATEGIES_DIR", "path", "Folder of the strategies.", standard: "strategies") {
            $0.strategies = $1
        },
        text("DATA_DIR", "path", "Folder of everything a run leaves behind.", standard: "data") {
            $0.data = $1
        },
        text(
            "CONSOLE", "host:port or off", "Where the console listens: a page to look at, no orders.",
            standard: "127.0.0.1:8765"
        ) {
            $0.console = $1 == "off" ? nil : $1
        },

        usd("MAX_POSITION_SIZE", "200", "per leg", "The most that one entry may buy.") {
            $0.limits.positionSizeMax = $1
        },
        usd("POSITION_SIZE_USD", "150", "per leg", "What one entry asks for.") {
            $0.limits.positionSize = $1
        },
        usd("MAX_TOTAL_EXPOSURE", "400", "one-sided", "Larger legs of all pairs together.") {
            $0.limits.totalExposureMax = $1
        },
        usd("MAX_GROSS_EXPOSURE", "800", "both legs", "Both legs of all pairs together.") {
            $0.limits.grossExposureMax = $1
        },
        usd("MAX_DAILY_LOSS", "30", "a UTC day", "At this loss only risk is reduced until a person re-arms.")
        { $0.limits.dailyLossMax = $1 },
        usd("MAX_FEES_PER_DAY", "10", "a UTC day", "Fees after which nothing is entered that day.") {
            $0.limits.feesPerDayMax = $1
        },
        usd("MIN_ACCOUNT_BALANCE", "700", "equity", "Below it nothing is entered.") {
            $0.limits.equityMin = $1
        },
        usd("MAX_UNHEDGED_USD", "200", "one leg", "The most one leg may be ahead of the other.") {
            $0.limits.unhedgedMax = $1
        },
        span(
            "MAX_UNHEDGED_SECONDS", "5", 0.1...3600, "s",
            "How long one leg may be ahead before entries stop until a person re-arms."
        ) { $0.limits.unhedgedTimeMax = $1 },
        number(
            "MIN_CASH_RUNWAY", "0.20", 0...1, "",
            "Free USDC over perp short notional that an entry must leave.", places: 10
        ) { $0.limits.runwayMin = Percent(raw: Int64($1)) },
        whole("MAX_TRADES_PER_DAY", "20", 0...100_000, "Entries a UTC day.") {
            $0.limits.tradesPerDayMax = $1
        },
        whole(
            "MAX_ORDERS_PER_SECOND", "10", 1...1000, "Entries and posts; hedges and cancels are not counted."
        ) { $0.limits.ordersPerSecondMax = $1 },
        whole(
            "LOSING_ROUNDS_MAX", "3", 1...1000,
            "Losing rounds running after which a pair waits until UTC midnight."
        ) { $0.limits.losingRoundsMax = $1 },
        percent(
            "PRICE_COLLAR", "0.5", 0...50, "How far an entry's limit may be from mid, on the losing side."
        ) { $0.limits.priceCollar = $1 },
        percent("HEDGE_COLLAR", "2", 0...50, "The same for hedges and exits.") { $0.limits.hedgeCollar = $1 },
        percent("MIN_NET_EDGE", "0.02", -1...5, "What must be left after all costs.") {
            $0.limits.netEdgeMin = $1
        },
        number(
            "CONFIDENCE_THRESHOLD", "0.6", 0...1, "",
            "Least confidence of an entry; 0.7 is recommended, 0.6 refuses nothing more.", places: 2
        ) { $0.limits.confidenceMin = Int($1) },
        milliseconds("BOOK_AGE_MAX_MS", "2000", 1...60_000, "Age above which a book is stale.") {
            $0.limits.bookAgeMax = $1
        },
        milliseconds(
            "MIN_PERSIST_MS", "250", 0...60_000, "How long a spread must have lasted before it is taken."
        ) { $0.limits.persistMin = $1 },
        percent("INDEX_DEVIATION_MAX", "1.0", 0...50, "How far a leg may be from the index.") {
            $0.limits.indexDeviationMax = $1
        },
        span("COOLDOWN_SECONDS", "30", 0...86_400, "s", "Rest of a pair after a round.") {
            $0.limits.cooldown = $1
        },
        span("LOSS_COOLDOWN_SECONDS", "300", 0...86_400, "s", "Rest of a pair after a losing round.") {
            $0.limits.lossCooldown = $1
        },
        span(
            "FUNDING_GUARD_S", "60", 0...3600, "s",
            "No entry so close before a settlement that costs, no exit before one that pays."
        ) { $0.limits.fundingGuard = $1 },
        span("MAX_HOLD_HOURS", "8", 0...2160, "h", "Longest hold of scripts that name none.", scale: 3600) {
            $0.limits.holdMax = $1
        },
        flag("ALLOW_BORROW", "false", "Reverse entries may borrow the base.") { $0.limits.allowBorrow = $1 },

        number(
            "MIN_SPREAD_THRESHOLD", "0.15", -1...5, "%", "Below this executable spread nothing is looked at.",
            places: 8
        ) { _, _ in }.boundByScripts,
        number(
            "MIN_EXECUTION_THRESHOLD", "0.20", -1...5, "%",
            "Below this executable spread nothing is entered.", places: 8
        ) { _, _ in }.boundByScripts,
        number(
            "LARGE_SPREAD_THRESHOLD", "0.40", -1...5, "%", "At and above it an order may rest.", places: 8
        ) { _, _ in }.boundByScripts,
        flag("USE_MAKER_FOR_LARGE_SPREADS", "true", "false takes always.") { _, _ in }.boundByScripts,
        number("ORDER_TIMEOUT_SECONDS", "15", 1...3600, "s", "How long an order rests.", places: 6) { _, _ in
        }
        .boundByScripts,
        flag("FALLBACK_TO_TAKER", "true", "Take what did not fill.") { _, _ in }.boundByScripts,

        Variable(
            name: "SCRIPT_BUDGETS", standard: "", range: "name:usd,…",
            meaning: "One-sided USD by script; without an entry the total."
        ) { configuration, text in
            var budgets: [Budget] = []
            for part in text.split(separator: ",") {
                let halves = part.split(separator: ":", omittingEmptySubsequences: false).map { $0.trimmed }
                guard halves.count == 2, !halves[0].isEmpty, let amount = Money(halves[1]), amount >= .zero,
                    !budgets.contains(where: { $0.script == halves[0] })
                else { return "must be name:usd with commas between, none twice, such as spot_perp_arb:300" }
                budgets.append(Budget(script: halves[0], amount: amount))
            }
            configuration.limits.budgets = budgets
            return nil
        },
        perScript("SCRIPT_STEPS", "100000", 1000...100_000_000, "Steps of one call of a script.") {
            if let steps = $1 { $0.script.steps = UInt64(steps) }
            $0.ownLimits.steps = $2.mapValues { UInt64($0) }
        },
        perScript("SCRIPT_MEMORY_KIB", "2048", 256...1_048_576, "Memory of one script.") {
            if let memory = $1 { $0.script.memoryKiB = memory }
            $0.ownLimits.memoryKiB = $2
        },
        perScript(
            "SCRIPT_WALL_MS", "20", 1...1000, "Time of one call of a script, ms: the backstop beside steps."
        ) {
            if let most = $1 { $0.script.wall = .milliseconds(Int64(most)) }
            $0.ownLimits.wallMilliseconds = $2
        },
        perScript("SCRIPT_LOG_LINES", "200", 0...10_000, "Lines that a script may log in a minute.") {
            if let lines = $1 { $0.script.logLines = lines }
            $0.ownLimits.logLines = $2
        },
        perScript(
            "SCRIPT_SOURCE_KIB", "64", 1...256, "Size of a script's file and of each file it includes, KiB."
        ) {
            if let most = $1 { $0.script.sourceKiB = most }
            $0.ownLimits.sourceKiB = $2
        },
        perScript(
            "SCRIPT_CHAIN", "64", 8...512,
            "Field accesses in one chain, a.b.c: what Lua needs to name the one that fails grows with them."
        ) {
            if let most = $1 { $0.script.chain = most }
            $0.ownLimits.chain = $2
        },
        choice(
            "RELOAD_POLICY", "", ReloadPolicy.allCases.map(\.rawValue),
            "Whether a saved script takes over by itself (auto) or waits for promote; in live shadow."
        ) { $0.reloadPolicy = ReloadPolicy(rawValue: $1) },
        whole(
            "REHEARSAL_MINUTES", "15", 0...1440,
            "How much of the run a new version is rehearsed on; 0: only dry."
        ) { $0.rehearsalMinutes = $1 },
        whole(
            "PROBATION_ENTRIES", "3", 0...1000,
            "Entries at a quarter of the size until a version is proven."
        ) { $0.probationEntries = $1 },
        whole("JOURNAL_DAYS", "7", 1...3650, "How long journals are kept.") { $0.journalDays = $1 },
        choice(
            "ADOPT_POLICY", "hold", AdoptPolicy.allCases.map(\.rawValue),
            "What becomes of positions that nobody here opened."
        ) { $0.limits.adoptPolicy = AdoptPolicy(rawValue: $1) ?? .hold },
        text(
            "GUARDIAN_API_KEY", "base64, 32 bytes", "The guardian's own key of the same account.",
            secret: true
        ) { $0.guardianKey.key = $1 },
        text(
            "GUARDIAN_PRIVATE_KEY", "base64, 32 bytes", "Its private key; without one it uses the host's.",
            secret: true
        ) { $0.guardianKey.secret = $1 },
        choice("LIVE_CONFIRM", "", ["yes"], "yes allows mode live.") { $0.liveConfirmed = $1 == "yes" },
        text(
            "CONSOLE_TOKEN", "text", "Token that the console asks for; needed where others can reach it.",
            secret: true
        ) { $0.consoleToken = $1 },
        Variable(
            name: "ALERT_WEBHOOK_URL", standard: "", range: "URL",
            meaning: "Where each alert is posted as JSON; nothing is sent without one.", isSecret: true
        ) {
            guard $1.isEmpty || AlertHook.Address($1) != nil else {
                return "must be an https:// address; http:// reaches this machine only"
            }
            $0.alertWebhook = $1
            return nil
        },
    ]
}

// MARK: Kinds

extension Variable {
    private typealias Place<Value> = @Sendable (inout Configuration, Value) -> Void

    private static func text(
        _ name: String, _ range: String, _ meaning: String, standard: String = "", secret: Bool = false,
        _ put: @escaping @Sendable (inout Configuration, String) -> Void
    ) -> Variable {
        Variable(name: name, standard: standard, range: range, meaning: meaning, isSecret: secret) {
            put(&$0, $1)
            return nil
        }
    }

    private static func url(
        _ name: String, _ standard: String, _ schemes: [String], _ meaning: String,
        _ put: @escaping @Sendable (inout Configuration, String) -> Void
    ) -> Variable {
        Variable(name: name, standard: standard, range: "URL", meaning: meaning) {
            guard let scheme = schemes.first(where: $1.hasPrefix), $1.count > scheme.count else {
                return "must begin with \(schemes.joined(separator: " or "))"
            }
            put(&$0, $1.hasSuffix("/") ? String($1.dropLast()) : $1)
            return nil
        }
    }

    private static func choice(
        _ name: String, _ standard: String, _ words: [String], _ meaning: String,
        _ put: @escaping @Sendable (inout Configuration, String) -> Void
    ) -> Variable {
        Variable(name: name, standard: standard, range: words.joined(separator: ", "), meaning: meaning) {
            guard words.contains($1) else { return "must be \(words.joined(separator: " or "))" }
            put(&$0, $1)
            return nil
        }
    }

    private static func flag(
        _ name: String, _ standard: String, _ meaning: String,
        _ put: @escaping @Sendable (inout Configuration, Bool) -> Void
    ) -> Variable {
        Variable(name: name, standard: standard, range: "true or false", meaning: meaning) {
            guard $1 == "true" || $1 == "false" else { return "must be true or false" }
            put(&$0, $1 == "true")
            return nil
        }
    }

    /// The same, put into the parameters of scripts only.
    private var boundByScripts: Variable {
        var variable = self
        variable.isScripts = true
        return variable
    }

    /// A decimal number on a grid of `places` digits, as a count of that grid.
    private static func number(
        _ name: String, _ standard: String, _ range: ClosedRange<Double>, _ unit: String, _ meaning: String,
        places: Int, _ put: @escaping @Sendable (inout Configuration, Int128) -> Void
    ) -> Variable {
        let words = "\(plain(range.lowerBound))…\(plain(range.upperBound))"
        return Variable(
            name: name, standard: standard, range: unit.isEmpty ? words : "\(unit), \(words)",
            meaning: meaning
        ) {
            guard isNumber($1), let raw = DecimalText.parse($1, places: places),
                let value = Double($1), range.contains(value)
            else { return "must be a number \(words) with at most \(places) digits after the point" }
            put(&$0, raw)
            return nil
        }
    }

    private static func usd(
        _ name: String, _ standard: String, _ unit: String, _ meaning: String,
        _ put: @escaping @Sendable (inout Configuration, Money) -> Void
    ) -> Variable {
        number(name, standard, 0...1e9, "USD \(unit)", meaning, places: 12) { put(&$0, Money(raw: $1)) }
    }

    private static func percent(
        _ name: String, _ standard: String, _ range: ClosedRange<Double>, _ meaning: String,
        _ put: @escaping @Sendable (inout Configuration, Percent) -> Void
    ) -> Variable {
        number(name, standard, range, "%", meaning, places: 8) { put(&$0, Percent(raw: Int64($1))) }
    }

    private static func whole(
        _ name: String, _ standard: String, _ range: ClosedRange<Int>, _ meaning: String,
        _ put: @escaping @Sendable (inout Configuration, Int) -> Void
    ) -> Variable {
        let words = "\(range.lowerBound)…\(range.upperBound)"
        return Variable(name: name, standard: standard, range: words, meaning: meaning) {
            guard isNumber($1), let value = Int($1), range.contains(value) else {
                return "must be a whole number \(words)"
            }
            put(&$0, value)
            return nil
        }
    }

    /// A whole number for every script, and others for those named: `100000,ladder:200000`.
    private static func perScript(
        _ name: String, _ standard: String, _ range: ClosedRange<Int>, _ meaning: String,
        _ put: @escaping @Sendable (inout Configuration, _ all: Int?, _ own: [String: Int]) -> Void
    ) -> Variable {
        let words = "\(range.lowerBound)…\(range.upperBound)"
        let fault =
            "must be a whole number \(words) for all, name:number for single scripts, or both with commas "
            + "between, none twice, such as \(standard),ladder:\(range.lowerBound)"
        return Variable(
            name: name, standard: standard, range: "\(words); for single scripts name:number,…",
            meaning: meaning
        ) {
            var all: Int?
            var own: [String: Int] = [:]
            for part in $1.split(separator: ",", omittingEmptySubsequences: false) {
                let halves = part.split(separator: ":", omittingEmptySubsequences: false).map { $0.trimmed }
                guard halves.count <= 2, let digits = halves.last, isNumber(digits), let value = Int(digits),
                    range.contains(value)
                else { return fault }
                if halves.count == 1 {
                    guard all == nil else { return fault }
                    all = value
                } else {
                    guard ScriptFolder.isName(halves[0]), own[halves[0]] == nil else { return fault }
                    own[halves[0]] = value
                }
            }
            put(&$0, all, own)
            return nil
        }
    }

    private static func milliseconds(
        _ name: String, _ standard: String, _ range: ClosedRange<Int>, _ meaning: String,
        _ put: @escaping @Sendable (inout Configuration, TimeSpan) -> Void
    ) -> Variable {
        let words = "\(range.lowerBound)…\(range.upperBound)"
        return Variable(name: name, standard: standard, range: "ms, \(words)", meaning: meaning) {
            guard isNumber($1), let value = Int($1), range.contains(value) else {
                return "must be a whole number \(words)"
            }
            put(&$0, .milliseconds(Int64(value)))
            return nil
        }
    }

    private static func span(
        _ name: String, _ standard: String, _ range: ClosedRange<Double>, _ unit: String, _ meaning: String,
        scale: Int128 = 1, _ put: @escaping @Sendable (inout Configuration, TimeSpan) -> Void
    ) -> Variable {
        number(name, standard, range, unit, meaning, places: 6) {
            put(&$0, TimeSpan(microseconds: Int64($1 * scale)))
        }
    }

    /// `-?digits[.digits]`
    private static func isNumber(_ text: String) -> Bool {
        let parts = (text.hasPrefix("-") ? text.dropFirst() : text[...])
            .split(separator: ".", omittingEmptySubsequences: false)
        return parts.count <= 2
            && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
    }

    private static func plain(_ number: Double) -> String {
        let text = number == number.rounded() ? "\(Int64(number))" : "\(number)"
        return text.replacing("-", with: "−")
    }
}

// MARK: The pages made from the table

extension Variable {
    /// The text of `.env.example`.
    static var example: String {
        var lines = [
            "# Every variable of neap with its default. Copy to .env and change what you need; the environment of the",
            "# process comes before the file. Keep a file with keys to yourself: chmod 600 .env",
        ]
        for variable in all {
            let range = variable.range.isEmpty ? "" : " (\(variable.range))"
            lines += ["", "# \(variable.meaning)\(range)"]
            let off = variable.isScripts || variable.standard.isEmpty
            if variable.isScripts {
                lines.append("# Bound by scripts: without a value each script's own default holds.")
            }
            lines.append("\(off ? "# " : "")\(variable.name)=\(variable.standard)")
        }
        lines += [
            "", "# Coins of your own that a reverse may sell, one line for each base.", "# INVENTORY_SOL=0",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}
