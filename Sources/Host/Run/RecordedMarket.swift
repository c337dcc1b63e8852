import Venue

/// A recorded market that the embedded exchange plays.
struct RecordedMarket: Sendable {
    let feed: CrowdFeed
    /// Bases of which both legs are in the files.
    let bases: [String]
}
