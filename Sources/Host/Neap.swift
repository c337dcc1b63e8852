import ArgumentParser

/// The one executable. Help lists only what works.
@main
struct Neap: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "neap", abstract: "A host for spot-perpetual arbitrage strategies on Backpack Exchange.",
        subcommands: [VenueCommand.self] + NotYet.all)
}
