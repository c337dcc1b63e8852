import Core
import Foundation
import Logging
import Testing

@testable import Host

/// One limit with the finest step that makes it looser, and the texts of before and after.
private struct Loosening: Sendable {
    let name: String, accepted: String, now: String
    let change: @Sendable (inout RiskLimits) -> Void

    init(
        _ name: String, _ accepted: String, _ now: String,
        _ change: @escaping @Sendable (inout RiskLimits) -> Void
    ) {
        (self.name, self.accepted, self.now, self.change) = (name, accepted, now, change)
    }
}

private let step = Money(raw: 1), tick = Percent(raw: 1), instant = TimeSpan(microseconds: 1)
private func less(_ span: TimeSpan) -> TimeSpan { TimeSpan(microseconds: span.microseconds - 1) }

private let loosenings: [Loosening] = [
    Loosening("MAX_POSITION_SIZE", "200", "200.000000000001") { $0.positionSizeMax += step },
    Loosening("POSITION_SIZE_USD", "150", "150.000000000001") { $0.positionSize += step },
    Loosening("MAX_TOTAL_EXPOSURE", "400", "400.000000000001") { $0.totalExposureMax += step },
    Loosening("MAX_GROSS_EXPOSURE", "800", "800.000000000001") { $0.grossExposureMax += step },
    Loosening("MAX_DAILY_LOSS", "30", "30.000000000001") { $0.dailyLossMax += step },
    Loosening("MAX_FEES_PER_DAY", "10", "10.000000000001") { $0.feesPerDayMax += step },
    Loosening("MIN_ACCOUNT_BALANCE", "700", "699.999999999999") { $0.equityMin -= step },
    Loosening("MAX_UNHEDGED_USD", "200", "200.000000000001") { $0.unhedgedMax += step },
    Loosening("MAX_UNHEDGED_SECONDS", "5", "5.000001") { $0.unhedgedTimeMax = $0.unhedgedTimeMax + instant },
    Loosening("MIN_CASH_RUNWAY", "0.2", "0.1999999999") { $0.runwayMin = $0.runwayMin - tick },
    Loosening("MAX_TRADES_PER_DAY", "20", "21") { $0.tradesPerDayMax += 1 },
    Loosening("MAX_ORDERS_PER_SECOND", "10", "11") { $0.ordersPerSecondMax += 1 },
    Loosening("LOSING_ROUNDS_MAX", "3", "4") { $0.losingRoundsMax += 1 },
    Loosening("PRICE_COLLAR", "0.5", "0.50000001") { $0.priceCollar = $0.priceCollar + tick },
    Loosening("HEDGE_COLLAR", "2", "2.00000001") { $0.hedgeCollar = $0.hedgeCollar + tick },
    Loosening("MIN_NET_EDGE", "0.02", "0.01999999") { $0.netEdgeMin = $0.netEdgeMin - tick },
    Loosening("CONFIDENCE_THRESHOLD", "0.6", "0.59") { $0.confidenceMin -= 1 },
    Loosening("BOOK_AGE_MAX_MS", "2000", "2000.001") { $0.bookAgeMax = $0.bookAgeMax + instant },
    Loosening("MIN_PERSIST_MS", "250", "249.999") { $0.persistMin = less($0.persistMin) },
    Loosening("INDEX_DEVIATION_MAX", "1", "1.00000001") {
        $0.indexDeviationMax = $0.indexDeviationMax + tick
    },
    Loosening("COOLDOWN_SECONDS", "30", "29.999999") { $0.cooldown = less($0.cooldown) },
    Loosening("LOSS_COOLDOWN_SECONDS", "300", "299.999999") { $0.lossCooldown = less($0.lossCooldown) },
    Loosening("FUNDING_GUARD_S", "60", "59.999999") { $0.fundingGuard = less($0.fundingGuard) },
    Loosening("ALLOW_BORROW", "false", "true") { $0.allowBorrow = true },
    Loosening("INVENTORY_SOL", "0", "0.00000001") {
        $0.inventory = [OwnCoins(asset: Asset("SOL"), quantity: Quantity(raw: 1))]
    },
    Loosening("SCRIPT_BUDGETS.a", "400", "400.000000000001") {
        $0.budgets = [Budget(script: "a", amount: Money(400) + step)]
    },
]

private func changed(_ change: (inout RiskLimits) -> Void) -> RiskLimits {
    var limits = RiskLimits()
    change(&limits)
    return limits
}

private func plan(_ mode: TradingMode = .live, _ limits: RiskLimits = RiskLimits()) -> RunPlan {
    var configuration = Configuration()
    (configuration.mode, configuration.limits) = (mode, limits)
    return RunPlan(configuration: configuration)
}

@Suite struct `Accepted limits` {
    private let folder: TemporaryFolder
    private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    init() throws { folder = try TemporaryFolder() }

    private var stored: AcceptedLimits { AcceptedLimits(folder: folder.path) }

    private func begin(_ limits: RiskLimits = RiskLimits(), mode: TradingMode = .live) -> StartFault? {
        do throws(StartFault) {
            try AcceptedLimits.begin(plan(mode, limits), folder: folder.path, logger)
            return nil
        } catch { return error }
    }

    @Test func `are those of the first live start`() throws {
        #expect(try stored.read() == nil)
        #expect(begin(mode: .demo) == nil)
        #expect(try stored.read() == nil, "a demo accepts nothing")
        let first = changed { $0.positionSizeMax = Money(190) }
        #expect(begin(first) == nil)
        #expect(try stored.read() == LimitTable(first))
        #expect(begin(first) == nil)
        var status = stat()
        #expect(stat(stored.path, &status) == 0 && status.st_mode & 0o077 == 0)
    }

    @Test(arguments: loosenings)
    fileprivate func `stop a start with one of them a unit looser, by name`(one: Loosening) throws {
        #expect(begin() == nil)
        let before = try stored.read()
        let fault = try #require(begin(changed(one.change)))
        #expect(fault.code == 1)
        let lines = fault.description.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[1] == "  \(one.name): accepted \(one.accepted), now \(one.now)")
        #expect(lines[2].contains("neap accept-limits"))
        #expect(try stored.read() == before, "nothing is accepted by trying")
        #expect(begin() == nil)
    }

    @Test(arguments: loosenings)
    fileprivate func `hold at once when tighter, and are what is accepted from then on`(one: Loosening) throws
    {
        #expect(begin(changed(one.change)) == nil)
        #expect(begin() == nil, "the default is tighter")
        #expect(try stored.read() == LimitTable(RiskLimits()))
        #expect(begin(changed(one.change)) != nil, "back is a raise")
    }

    @Test func `are told all at once, the raised ones only`() throws {
        #expect(begin() == nil)
        let fault = try #require(
            begin(
                changed {
                    ($0.positionSizeMax, $0.dailyLossMax, $0.equityMin) = (Money(300), Money(20), Money(0))
                }))
        #expect(
            fault.description.split(separator: "\n").dropFirst().dropLast() == [
                "  MAX_POSITION_SIZE: accepted 200, now 300", "  MIN_ACCOUNT_BALANCE: accepted 700, now 0",
            ])
    }

    @Test func `of a script without a budget are the total`() throws {
        #expect(begin(changed { $0.budgets = [Budget(script: "a", amount: Money(300))] }) == nil)
        // Without one it may have 400.
        let fault = try #require(begin())
        #expect(fault.description.contains("SCRIPT_BUDGETS.a: accepted 300, now 400"))
        #expect(begin(changed { $0.budgets = [Budget(script: "a", amount: Money(300))] }) == nil)
        #expect(
            begin(
                changed {
                    $0.totalExposureMax = Money(300)
                }) == nil, "the total is tighter, and the budget is what it was")
    }

    @Test(arguments: loosenings)
    fileprivate func `are accepted by a person's word, once and again`(one: Loosening) throws {
        #expect(begin() == nil)
        let looser = LimitTable(changed(one.change))
        let told = try AcceptLimitsCommand.accept(looser, in: folder.path)
        #expect(told.first == "\(one.name): accepted \(one.accepted), now \(one.now) (raised)")
        #expect(told.count == 2)
        #expect(begin(changed(one.change)) == nil)
        let again = try AcceptLimitsCommand.accept(looser, in: folder.path)
        #expect(again.count == 1 && again[0].contains("nothing differs"))
    }

    @Test func `are shown whole when there were none`() throws {
        let told = try AcceptLimitsCommand.accept(LimitTable(RiskLimits()), in: folder.path)
        #expect(told.count == LimitTable.names.count + 1)
        #expect(begin() == nil)
        #expect(begin(changed { $0.allowBorrow = true }) != nil)
    }

    /// Cut, changed by one digit, with a line less or more, empty, foreign: nobody can say what was accepted.
    @Test func `that cannot be believed stop every live start until they are stored anew`() throws {
        #expect(begin() == nil)
        let good = try String(contentsOfFile: stored.path, encoding: .utf8)
        let lines = good.split(separator: "\n", omittingEmptySubsequences: false)
        var bad = (0..<good.count).map { String(good.prefix($0)) }
        bad += [
            good.replacing("MAX_POSITION_SIZE=200", with: "MAX_POSITION_SIZE=900"), good + good, good + "\n",
            good.replacing("sha256=", with: "sha256=0"), lines.dropFirst().joined(separator: "\n"),
            good.replacing("ALLOW_BORROW=false", with: "ALLOW_BORROW=maybe"), "\u{0}",
            "MAX_POSITION_SIZE=200\n",
        ]
        for text in bad {
            try Data(text.utf8).write(to: URL(filePath: stored.path))
            let fault = begin()
            #expect(fault?.code == 1, "\(text.suffix(40))")
            #expect(fault?.description.contains("accept-limits") == true)
            #expect(
                try Data(contentsOf: URL(filePath: stored.path)) == Data(text.utf8), "it is left for a look")
        }
        try Data([0xff, 0xfe]).write(to: URL(filePath: stored.path))
        #expect(begin() != nil)
        let told = try AcceptLimitsCommand.accept(LimitTable(RiskLimits()), in: folder.path)
        #expect(told.first?.contains("could not be believed") == true)
        #expect(begin() == nil)
    }

    @Test func `that a later program knows and the file does not are held against their default`() throws {
        #expect(begin() == nil)
        let shorter = try String(contentsOfFile: stored.path, encoding: .utf8)
            .split(separator: "\n").filter { $0.contains("=") && !$0.hasPrefix("sha256") }
            .filter { !$0.hasPrefix("HEDGE_COLLAR") }.map { $0 + "\n" }.joined()
        let old = try #require(LimitTable(text: shorter + "A_LATER_LIMIT=7\n"))
        try stored.store(old)
        #expect(begin(changed { $0.hedgeCollar = Percent("2.5")! }) != nil)
        #expect(begin() == nil)
    }

    @Test func `cover every variable that sets a limit`() throws {
        // A variable that changes `limits` and is not in the table could be raised without a word.
        for variable in Variable.all {
            var limits = RiskLimits()
            limits.holdMax = .zero
            var configuration = Configuration()
            configuration.limits = limits
            for text in ["1", "0.5", "true", "a:1", "7"] {
                _ = variable.set(&configuration, text)
                guard configuration.limits != limits else { continue }
                let isKnown = LimitTable(configuration.limits) != LimitTable(limits)
                // How long a position is held is no limit of risk: scripts name their own.
                #expect(isKnown || variable.name == "MAX_HOLD_HOURS", "\(variable.name)")
            }
        }
        #expect(Set(loosenings.map(\.name)).isSuperset(of: LimitTable.names))
    }

    @Test func `have a hash that the record of every run begins with`() {
        let table = LimitTable(RiskLimits())
        #expect(table.hash.count == 64)
        #expect(plan(.demo).settings.contains { $0.name == "LIMITS_SHA256" && $0.value == table.hash })
        for one in loosenings { #expect(LimitTable(changed(one.change)).hash != table.hash, "\(one.name)") }
    }
}
