import ArgumentParser
import Glibc

/// A command whose name is taken and whose work is not built: it says so, exits 1, and is absent from help.
protocol NotYetCommand: ParsableCommand {
    static var name: String { get }
    var rest: [String] { get }
}

extension NotYetCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: name, shouldDisplay: false)
    }

    func run() throws {
        Terminal.complain("neap \(Self.name): not yet")
        throw ExitCode(1)
    }
}

/// All names that the design reserves and no code stands behind.
enum NotYet {
    static let all: [any ParsableCommand.Type] = [
        Backtest.self, Simulate.self, Why.self,
        Doctor.self, Record.self, Sweep.self, Keys.self, Paper.self,
    ]

    struct Paper: NotYetCommand {
        static let name = "paper"
        @Argument(parsing: .allUnrecognized) var rest: [String] = []
    }

    struct Backtest: NotYetCommand {
        static let name = "backtest"
        @Argument(parsing: .allUnrecognized) var rest: [String] = []
    }
    struct Simulate: NotYetCommand {
        static let name = "simulate"
        @Argument(parsing: .allUnrecognized) var rest: [String] = []
    }
    struct Why: NotYetCommand {
        static let name = "why"
        @Argument(parsing: .allUnrecognized) var rest: [String] = []
    }
    struct Doctor: NotYetCommand {
        static let name = "doctor"
        @Argument(parsing: .allUnrecognized) var rest: [String] = []
    }
    struct Record: NotYetCommand {
        static let name = "record"
        @Argument(parsing: .allUnrecognized) var rest: [String] = []
    }
    struct Sweep: NotYetCommand {
        static let name = "sweep"
        @Argument(parsing: .allUnrecognized) var rest: [String] = []
    }
    struct Keys: NotYetCommand {
        static let name = "keys"
        @Argument(parsing: .allUnrecognized) var rest: [String] = []
    }
}
