import Foundation
import LuaBridge
import Simulator

/// What a change of a strategy is meant to be.
enum MutantKind: String, CaseIterable {
    /// Raises a fault, or is refused, wherever it runs.
    case faulty
    /// A sound script that decides otherwise.
    case wrong = "valid but wrong"
    /// Decides as the original does.
    case equivalent
}

/// A shipped strategy with one change.
struct Mutant: Sendable {
    let kind: MutantKind
    let operation: String
    /// Stem of the shipped file.
    let name: String
    /// Of the change.
    let line: Int
    let source: [UInt8]

    var package: ScriptPackage { ScriptPackage(name: name, source: source, library: []) }
    var place: String { "\(name).lua:\(line)" }
}

/// One way to change a script: everything it can do to one source.
struct Operator: Sendable {
    let name: String
    let kind: MutantKind
    /// Changes with the line each is in.
    let sites: @Sendable (LuaText) -> [Site]

    init(_ name: String, _ kind: MutantKind, _ sites: @escaping @Sendable (LuaText) -> [Site]) {
        (self.name, self.kind, self.sites) = (name, kind, sites)
    }
}

/// Mutants of the shipped strategies, drawn with a seed: the same seed and size give the same corpus.
struct Corpus {
    static let operators = FaultyOperators.all + WrongOperators.all + EquivalentOperators.all
    /// Of a hundred.
    static let shares: [(MutantKind, Int)] = [(.faulty, 47), (.wrong, 42), (.equivalent, 11)]

    let seed: UInt64
    private(set) var mutants: [Mutant] = []

    /// - Parameter sources: the shipped files by stem, in order.
    init(seed: UInt64, size: Int, sources: [(name: String, source: [UInt8])]) {
        self.seed = seed
        var chance = SeededGenerator(seed: seed)
        var taken = Set(sources.map(\.source))
        let texts = sources.map { (name: $0.name, text: LuaText($0.source)) }
        for (kind, share) in Self.shares {
            // Operators take turns, each over all its sites in an order of the seed.
            var piles: [Pile] = []
            for way in Self.operators where way.kind == kind {
                var pile = Pile(way: way)
                for (name, text) in texts where kind != .wrong || !WrongOperators.idle.contains(name) {
                    pile.sites += way.sites(text).map { (name, text.bytes, $0) }
                }
                piles.append(pile)
            }
            var wanted = max(1, size * share / 100)
            while wanted > 0, piles.contains(where: { !$0.sites.isEmpty }) {
                for place in piles.indices where wanted > 0 {
                    // Two operators may come to one text.
                    guard let next = piles[place].draw(&chance), taken.insert(next.source).inserted else {
                        continue
                    }
                    mutants.append(next)
                    wanted -= 1
                }
            }
        }
    }

    /// What one operator can still do.
    private struct Pile {
        let way: Operator
        var sites: [(name: String, source: [UInt8], site: Site)] = []

        mutating func draw(_ chance: inout SeededGenerator) -> Mutant? {
            guard !sites.isEmpty else { return nil }
            sites.swapAt(Int(chance.whole(0...Int64(sites.count - 1))), sites.count - 1)
            let (name, source, site) = sites.removeLast()
            return Mutant(
                kind: way.kind, operation: way.name, name: name, line: site.line,
                source: site.change.applied(to: source))
        }
    }
}
