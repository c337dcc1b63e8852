#if KillPoints
    import Core
    import Glibc
    import Testing

    @testable import Host

    @Suite struct `A start after a kill` {
        @Test(.timeLimit(.minutes(3)))
        func `without the pair that is open is refused and says what to do, and with it goes on`()
            async throws
        {
            try await aside {
                let stage = try KillTrial(.taking)
                try stage.killWithPairOpen()
                try stage.leave()
                try stage.configure(pairs: "ETH")
                let second = try stage.host([:])
                #expect(second.end(within: 40) == 1)
                for text in ["cannot be looked after", "add the pair to TRADING_PAIRS"] {
                    #expect(stage.output.contains(text), "\(text)")
                }
                #expect(stage.count("Reconciled") == 0)
                try stage.configure(pairs: "ETH,SOL")
                let third = try stage.host([:], seconds: 120)
                stage.expectWhole(at: third)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `books what came and went while no host ran as deposits and withdrawals, once`() async throws {
            try await aside {
                let stage = try KillTrial(.taking)
                try stage.killWithPairOpen()
                stage.venue.transfer(.deposit, Money(50), .usdc)
                stage.venue.transfer(.withdrawal, Money(20), .usdc, fee: Money(1), confirms: false)
                try stage.leave()
                for restart in 1...2 {
                    let host = try stage.host([:], seconds: 120)
                    #expect(stage.until(seconds: 40) { stage.count("Reconciled") >= restart })
                    stage.venue.endTransfers(well: true)
                    host.stop()
                    #expect(host.end(within: 40) == 0)
                    #expect(stage.faultsAtTheEnd().isEmpty, "\(stage.faultsAtTheEnd())")
                    let kept = try #require(try Recovery.latest(in: stage.live + "/journal")?.checkpoint)
                    #expect(kept.transfers.map(\.booked) == [Money(50), Money(-21)])
                    let amounts = kept.ledger.filter {
                        $0.account == Account(Account.house, .outside) && $0.asset == .usdc
                    }
                    #expect(amounts.map(\.balance) == [Money(-30)])
                }
                #expect(!(stage.log + stage.guardianLog).contains("while this host was away"))
            }
        }
    }
#endif
