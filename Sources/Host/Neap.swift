import ArgumentParser
import Foundation

/// The one executable. Help lists only what works.
public struct Neap: ParsableCommand {
    public init() {}

    public static let configuration = CommandConfiguration(
        commandName: "neap", abstract: "A host for spot-perpetual arbitrage strategies on Backpack Exchange.",
        subcommands: [
            RunCommand.self, ReplayCommand.self, VenueCommand.self, StatusCommand.self, HoldCommand.self,
            ResumeCommand.self, HaltCommand.self, RearmCommand.self, FlattenCommand.self, ReloadCommand.self,
            PromoteCommand.self, RollbackCommand.self, CheckCommand.self, ExportCommand.self,
            RebuildCommand.self, AcceptLimitsCommand.self, GuardianCommand.self,
        ] + NotYet.all)

    /// Wrong use is exit 2 here, where the library says 64.
    public static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if !text.isEmpty { code.isSuccess ? Terminal.say(text) : Terminal.complain(text) }
            Foundation.exit(code == .validationFailure ? 2 : code.rawValue)
        }
    }
}
