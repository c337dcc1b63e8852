import LuaBridge
import Simulator

/// A plan of faults as people write it.
enum FaultText {
    /// - Throws: everything that is wrong, a line each, with the name that may have been meant.
    static func read(_ text: String) throws(Configuration.Faults) -> FaultPlan {
        do throws(FaultPlanFaults) { return try FaultPlan.read(text) } catch {
            throw Configuration.Faults(lines: error.list.map(line) + hint(error.list))
        }
    }

    private static let names = FaultName.allCases.map(\.rawValue)

    private static func line(_ fault: FaultPlanFaults.Fault) -> String {
        switch fault {
        case .nothing: "--faults: a name is missing"
        case .unknown(let name):
            "--faults \(name): there is no such fault" + Nearest.hint(name, among: names + ["all"])
        case .badRate(let part):
            "--faults \(part): the rate is a number of 0 to 1 with at most eight decimals"
        case .twice(let name): "--faults \(name): given twice"
        }
    }

    /// All names, once, for whoever has got one wrong.
    private static func hint(_ faults: [FaultPlanFaults.Fault]) -> [String] {
        let isNamed = faults.contains {
            switch $0 {
            case .nothing, .unknown: true
            case .badRate, .twice: false
            }
        }
        return isNamed ? ["--faults: all, or of " + names.joined(separator: ", ")] : []
    }

    /// For `--help`.
    static var help: String {
        let width = names.map(\.count).max() ?? 0
        let rows = FaultName.allCases.map {
            "\($0.rawValue.padding(to: width))  per \($0.unit): \($0.meaning)"
        }
        return """
            Names with commas between, each with a rate of 0 to 1 or 0.02: reject-leg,gap:0.01. \
            all means every name that is not given by itself. Drawn from --seed without a change of \
            the market. Seconds are those of the exchange's clock.
            \(rows.joined(separator: "\n"))
            """
    }
}
