import Core

extension MarketFigures {
    /// The markets this venue lists, by symbol: the place of each is its
    /// instrument's id. What cannot be traded
    /// here comes last, so that a catalogue of the others numbers them alike.
    public static let all: [MarketFigures] = table.sorted {
        let (a, b) = ($0.instrument(InstrumentID(0)) != nil, $1.instrument(InstrumentID(0)) != nil)
        return a == b ? $0.symbol < $1.symbol : a
    }

    /// Public parameters as of 2026-09-01.
    private static let table: [MarketFigures] = [
        .spot(
            "SOL", tick: "0.01", step: "0.01", least: "0.01", impact: ("0.99", "1.01"),
            mean: ("0.97", "1.03"), update: ("0.9975", "1.0025")),
        .spot(
            "PYTH", tick: "0.000001", step: "1", least: "0.001", impact: ("0.95", "1.05"),
            mean: ("0.85", "1.15"), interval: 28800000),
        .spot(
            "JTO", tick: "0.00001", step: "1", least: "0.1", impact: ("0.95", "1.05"),
            mean: ("0.85", "1.15"), interval: 28800000),
        .spot(
            "HNT", tick: "0.001", step: "0.1", least: "0.1", limit: ("0.75", "1.25"),
            impact: ("0.95", "1.05"), mean: ("0.85", "1.15"), borrow: nil, state: .closed),
        .spot(
            "WIF", tick: "0.00001", step: "0.1", least: "0.0001", impact: ("0.95", "1.05"),
            mean: ("0.85", "1.15"), interval: 28800000),
        .spot(
            "USDT", tick: "0.0001", step: "1", least: "0.1", impact: ("0.995", "1.005"),
            mean: ("0.99", "1.01"), update: ("0.9995", "1.0005"), borrow: ("0.999", "1.001")),
        .spot(
            "JUP", tick: "0.00001", step: "0.1", least: "0.0001", impact: ("0.97", "1.03"),
            mean: ("0.88", "1.24"), update: ("0.995", "1.005")),
        .spot(
            "RENDER", tick: "0.0001", step: "0.1", least: "0.001", impact: ("0.95", "1.05"),
            mean: ("0.85", "1.15"), interval: 28800000),
        .spot(
            "BTC", tick: "0.1", step: "0.00001", least: "0.1", impact: ("0.99", "1.01"),
            mean: ("0.97", "1.03"), update: ("0.9975", "1.0025"), interval: 28800000),
        .spot(
            "ETH", tick: "0.01", step: "0.0001", least: "0.01", impact: ("0.99", "1.01"),
            mean: ("0.97", "1.03"), update: ("0.9975", "1.0025")),
        .spot(
            "LINK", tick: "0.001", step: "0.1", least: "0.001", impact: ("0.95", "1.05"),
            mean: ("0.85", "1.15"), interval: 28800000),
        .perp(
            "SOL", tick: "0.01", step: "0.01", least: "0.01", most: "1000", impact: ("0.99", "1.01"),
            mean: ("0.9", "1.1"), update: ("0.9975", "1.0025"), initial: ("0.02", "0.000075"),
            maintenance: ("0.0135", "0.0000375"), bound: "100", openInterest: "4000000", weight: "1"),
        .perp(
            "BTC", tick: "0.1", step: "0.00001", least: "0.1", most: "1000000", impact: ("0.99", "1.01"),
            mean: ("0.94", "1.06"), update: ("0.9975", "1.0025"), initial: ("0.01333333", "0.00002494"),
            maintenance: ("0.00666667", "0.00001496"), bound: "100", openInterest: "4000", weight: "1"),
        .perp(
            "ETH", tick: "0.01", step: "0.0001", least: "0.01", most: "1000000",
            impact: ("0.99", "1.01"), mean: ("0.92", "1.09"), update: ("0.9975", "1.0025"),
            initial: ("0.02", "0.00004214"), maintenance: ("0.01111111", "0.00002528"), bound: "100",
            openInterest: "64000", weight: "1"),
        .perp(
            "XRP", tick: "0.0001", step: "0.0001", least: "0.000001", most: "1000",
            impact: ("0.97", "1.03"), mean: ("0.94", "1.06"), update: ("0.995", "1.005"),
            initial: ("0.04", "0.00006705"), maintenance: ("0.02", "0.00004023"), bound: "150",
            openInterest: "10000000", weight: "4", created: "2025-01-28T07:19:32.810746"),
        .perp(
            "SUI", tick: "0.0001", step: "0.01", least: "0.0001", most: "1000", impact: ("0.97", "1.03"),
            mean: ("0.9", "1.12"), update: ("0.995", "1.005"), initial: ("0.05", "0.00015"),
            maintenance: ("0.025", "0.000075"), bound: "150", openInterest: "8000000", weight: "4",
            created: "2025-01-28T20:14:20.882303"),
        .perp(
            "DOGE", tick: "0.00001", step: "0.01", least: "0.00001", most: "1000",
            impact: ("0.97", "1.03"), mean: ("0.9", "1.12"), update: ("0.995", "1.005"),
            initial: ("0.05", "0.0001192"), maintenance: ("0.03333333", "0.00007152"), bound: "150",
            openInterest: "160000000", weight: "4", created: "2025-01-28T20:14:31.586836"),
        .perp(
            "JUP", tick: "0.00001", step: "0.1", least: "0.0001", most: "1000", impact: ("0.97", "1.03"),
            mean: ("0.89", "1.13"), update: ("0.995", "1.005"), initial: ("0.1", "0.000362"),
            maintenance: ("0.05", "0.000217"), bound: "150", openInterest: "16000000", weight: "4",
            created: "2025-01-31T21:22:53.801156"),
        .perp(
            "TRUMP", tick: "0.0001", step: "0.01", least: "0.001", most: "1000", limit: ("0.2", "2"),
            impact: ("0.96", "1.04"), mean: ("0.8", "1.35"), update: ("0.995", "1.005"), premium: "0.75",
            initial: ("0.1", "0.0002602"), maintenance: ("0.06666667", "0.00015612"), bound: "150",
            openInterest: "800000", weight: "4", created: "2025-01-31T21:23:03.217894"),
        .perp(
            "WIF", tick: "0.00001", step: "0.1", least: "0.0001", most: "1000", impact: ("0.96", "1.05"),
            mean: ("0.87", "1.15"), update: ("0.995", "1.005"), initial: ("0.1", "0.00020936"),
            maintenance: ("0.05", "0.00012561"), bound: "150", openInterest: "20000000", weight: "4",
            created: "2025-02-04T02:00:18.814963"),
        .perp(
            "BERA", tick: "0.00001", step: "0.1", least: "0.0001", most: "1000",
            impact: ("0.95", "1.05"), mean: ("0.8", "1.35"), update: ("0.995", "1.005"), premium: "0.2",
            initial: ("0.2", "0.001"), maintenance: ("0.1", "0.0006"), bound: "150",
            openInterest: "2840000", weight: "4", created: "2025-02-06T13:01:14.887275"),
        .perp(
            "LTC", tick: "0.001", step: "0.01", least: "0.01", most: "1000", impact: ("0.97", "1.03"),
            mean: ("0.9", "1.13"), update: ("0.995", "1.005"), initial: ("0.1", "0.00024883"),
            maintenance: ("0.05", "0.00012442"), bound: "150", openInterest: "200000", weight: "4",
            created: "2025-02-11T05:02:11.864262"),
        .perp(
            "ADA", tick: "0.00001", step: "1", least: "0.0001", most: "1000", impact: ("0.97", "1.03"),
            mean: ("0.9", "1.12"), update: ("0.995", "1.005"), initial: ("0.06666667", "0.00014405"),
            maintenance: ("0.03333333", "0.00008643"), bound: "150", openInterest: "32000000", weight: "4",
            created: "2025-02-12T03:49:50.513163"),
        // Not among the recorded figures: tick and step are assumed, the rest follows the other spot markets.
        .spot(
            "SUI", tick: "0.0001", step: "0.1", least: "0.0001", impact: ("0.97", "1.03"),
            mean: ("0.85", "1.15"), update: ("0.995", "1.005")),
        // Its tick is finer than this program counts: listed, and not tradable here.
        .spot(
            "BONK", tick: "0.000000001", step: "10000", least: "0.000000001", impact: ("0.95", "1.05"),
            mean: ("0.85", "1.15"), interval: 28800000),
    ]
}
