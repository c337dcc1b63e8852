import Core
import Testing

@testable import LuaBridge

@Suite struct `An attack` {
    /// Steps and memory must do it, for what the clock has to stop is not repeatable: the clock is far away,
    /// but where an attack says that it takes it.
    private static func setting(_ attack: Attack) -> ScriptSetting {
        var setting = LuaBridgeTests.setting
        let isClocked = attack.outcomes.contains { if case .fault(.wallClock) = $0 { true } else { false } }
        if !isClocked {
            let far = TimeSpan.seconds(60)
            (setting.limits.wall, setting.limits.loadWall, setting.limits.loadCPU) = (far, far, far)
        }
        return setting
    }

    private static let library = [
        "lib": "return {}", "circle": "return include('circle')", "broken": "error('broken')",
    ]

    /// The attack strikes where `size_usd` is 1; any other call of the same script is a plain answer.
    private func armed(_ attack: Attack) throws -> Script {
        func body(_ callback: StrategyCallback, _ plain: String) -> String {
            attack.strikes == callback
                ? "if o.size_usd == 1 then \(attack.source)\nend return \(plain)" : "return \(plain)"
        }
        let source = """
            local S = { api = 1, name = 's', state = { n = 1 }, state_version = 2 }
            function S.score(o, p) \(body(.score, "0.5, 1")) end
            function S.choose(o, p) \(body(.choose, "'taker'")) end
            function S.exit(pos, o, p) \(body(.exit, "nil")) end
            function S.migrate(state, from) \(attack.strikes == .migrate ? attack.source : "return state") end
            \(attack.strikes == .load ? attack.source : "")
            return S
            """
        return try script(source, library: Self.library, setting: Self.setting(attack))
    }

    private func strike(_ script: Script, _ attack: Attack, _ o: MarketView) -> StrategyFault? {
        switch attack.strikes {
        case .choose: if case .fault(let fault) = script.choose(o) { return fault }
        case .exit: if case .fault(let fault) = script.exit(position(), o) { return fault }
        default: if case .fault(let fault) = script.score(o) { return fault }
        }
        return nil
    }

    private func expect(_ attack: Attack, _ outcome: Attack.Outcome, _ words: String) {
        let fits = attack.outcomes.contains {
            switch ($0, outcome) {
            case (.harmless, .harmless), (.refused, .refused): true
            case (.fault(let a), .fault(let b)): a == b
            default: false
            }
        }
        #expect(fits, "\(attack.name): \(outcome): \(words)")
    }

    /// What people read is one line without control characters and not too long for it.
    private func expectReadable(_ text: String) {
        #expect(text.utf8.count < 1000)
        #expect(!text.unicodeScalars.contains { $0.value < 32 || (127..<160).contains($0.value) }, "\(text)")
        #expect(!text.contains("0x"), "\(text)")
    }

    @Test(arguments: Attack.all)
    func `is stopped by steps or memory, or comes to nothing, and the next call is answered`(attack: Attack)
        throws
    {
        do {
            let script = try armed(attack)
            if attack.strikes == .migrate {
                let keys = "api = 1, name = 's', state = { n = 1 }, state_version = 1"
                let old = try LuaBridgeTests.script("return { \(keys), score = function() end }")
                try script.takeOver(from: old)
            }
            let found = strike(script, attack, view([.sizeUsd: 1]))
            expect(attack, found.map { .fault($0.kind) } ?? .harmless, found?.report ?? "")
            found.map { expectReadable($0.report) }
            // The state of a script that was stopped is still sound.
            #expect(script.memory <= ScriptLimits().memoryKiB << 10)
            #expect(strike(script, attack, view()) == nil)
            for line in script.takeLog().lines { expectReadable(line.text) }
        } catch let report as ScriptReport {
            expect(attack, .refused, report.description)
            expectReadable(report.description)
        }
        #expect(try scoring("return 0.5, 1").score(view()) == .wish(confidence: 0.5, usd: 1))
    }

    @Test func `comes in more than a hundred and twenty forms`() { #expect(Attack.all.count > 120) }

    @Test func `of extreme numbers on every function of the libraries comes to nothing`() throws {
        let attack = try #require(Attack.all.first { $0.name == "extreme integers everywhere" })
        let script = try armed(attack)
        for shift in [0, 1, 2, 3] as [Double] {
            #expect(strike(script, attack, view([.sizeUsd: 1, .persistMs: shift])) == nil)
        }
    }
}
