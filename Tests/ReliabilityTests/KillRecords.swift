#if KillPoints
    import Core
    import Foundation

    @testable import Host
    @testable import Records

    extension KillTrial {
        /// What the journals of all runs tell, against what the exchange knows and the last run's ledger has.
        func recordFaults() -> [String] {
            let guardian = live + "/" + GuardianRun.lockFile
            guard until(seconds: 5, { !ProcessLock.isHeld(guardian) }) else {
                return ["the guardian watches on after the host's end"]
            }
            do {
                let run = try RunFolder(live, data: "")
                let kept = try fills(run.records)
                let outcome = try Rebuild(run: run).make()
                var faults = outcome.unreadable.map { ["the database was damaged: \($0)"] } ?? []
                let rebuilt = try fills(run.records)
                let venue = witness.fills().map { "\($0.venueOrderID)/\($0.tradeID)" }
                if rebuilt.sorted() != venue.sorted() {
                    faults.append("\(rebuilt.count) fills on record, \(venue.count) at the exchange")
                }
                for fill in kept where !rebuilt.contains(fill) { faults.append("\(fill) is in no journal") }
                return faults + (try balanceFaults(run))
            } catch { return ["records: \(error)"] }
        }

        /// Orders of the guardian in the host's database: their names have the highest bit.
        var guardianOrders: Int {
            let names = try? texts(live + "/" + RecordBook.file, .orders, ["client_id"]).flatMap { $0 }
            return names?.compactMap { UInt32($0) }.count { $0 >> 31 == 1 } ?? 0
        }

        private func fills(_ file: String) throws -> [String] {
            try texts(file, .fills, ["venue_order_id", "trade_id"]).map { $0.joined(separator: "/") }
        }

        /// Each asset sums to zero; each account has what the last run's ledger has.
        private func balanceFaults(_ run: RunFolder) throws -> [String] {
            var sums: [String: Money] = [:], balances: [String: Money] = [:]
            for row in try texts(run.records, .postings, ["owner", "account", "asset", "amount"]) {
                guard let amount = Money(row[3]) else { return ["\(row[3]) is no amount"] }
                sums[row[2], default: .zero] += amount
                balances[row[0...2].joined(separator: " "), default: .zero] += amount
            }
            var faults = sums.filter { $0.value != .zero }.map { "\($0.key) sums to \($0.value) on record" }
            guard let last = run.journals.last else { return faults }
            var rest = balances
            let replay = try Replay.play(last)
            faults += replay.differences.map { "the last run is not repeated by its journal: \($0)" }
            for row in replay.street.engine.ledger.rows {
                let name = "\(row.account.owner) \(row.account.name.rawValue) \(row.asset)"
                let recorded = rest.removeValue(forKey: name) ?? .zero
                if recorded != row.balance {
                    faults.append("\(name): \(recorded) on record, \(row.balance) in the ledger")
                }
            }
            for (name, balance) in rest where balance != .zero {
                faults.append("\(name): \(balance) on record, nothing in the ledger")
            }
            return faults
        }

        private func texts(_ file: String, _ table: RecordTable, _ columns: [String]) throws -> [[String]] {
            try RecordReader(path: file).read { snapshot in
                var all: [[String]] = []
                try snapshot.rows(of: table, columns) { row in
                    all.append(
                        row.map {
                            switch $0 {
                            case .none: ""
                            case .number(let number): "\(number)"
                            case .text(let text): text
                            }
                        })
                }
                return all
            }
        }
    }
#endif
