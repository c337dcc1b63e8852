#if KillPoints
    import Glibc
    import Testing

    @testable import Host

    extension KillTrial {
        /// A host that was started again goes on, ends in order, and everything is whole then.
        func expectWhole(at host: HostProcess, sourceLocation: SourceLocation = #_sourceLocation) {
            #expect(until(seconds: 40) { log.contains("Reconciled") }, sourceLocation: sourceLocation)
            host.stop()
            #expect(host.end(within: 40) == 0, sourceLocation: sourceLocation)
            #expect(faultsAtTheEnd().isEmpty, sourceLocation: sourceLocation)
        }

        /// A first run that is killed once it has a pair open.
        func killWithPairOpen(sourceLocation: SourceLocation = #_sourceLocation) throws {
            let first = try host([:], seconds: 120)
            #expect(until(seconds: 40) { log.contains("Opened SOL") }, sourceLocation: sourceLocation)
            first.signal(SIGKILL)
            #expect(first.end(within: 20) == SIGKILL, sourceLocation: sourceLocation)
        }
    }
#endif
