// swift-tools-version:6.1
import PackageDescription

/// Warnings are errors everywhere: a warning in a program that moves money is a defect nobody has met yet.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .unsafeFlags(["-warnings-as-errors"]), .enableUpcomingFeature("ExistentialAny"),
]

func room(_ name: String, _ dependencies: [Target.Dependency], cxx: Bool = false) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

let package = Package(
    name: "neap",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "neap", targets: ["Host"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        .systemLibrary(name: "CLua", path: "Sources/CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
        .systemLibrary(
            name: "CSodium", path: "Sources/CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(
            name: "CCurl", path: "Sources/CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "CWebSockets", path: "Sources/CWebSockets", pkgConfig: "libwebsockets",
            providers: [.apt(["libwebsockets-dev"])]),
        .systemLibrary(name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "CLuaBox", dependencies: ["CLua"], path: "Sources/CLuaBox",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror"])]),
        .target(
            name: "CSimdjson", path: "Sources/CSimdjson",
            cxxSettings: [.unsafeFlags(["-O2", "-std=c++17", "-Wall"])], linkerSettings: [.linkedLibrary("simdjson")]),

        room("Core", [deque]),
        room("Exchange", ["Core", "CSimdjson"]),
        room("LuaBridge", ["Core", "CLuaBox"]),
        room("Journal", ["Core", "Exchange"]),
        room("Market", ["Core", "Exchange", "CZlib"]),
        room("Simulator", ["Core", "Exchange"]),
        room("Wire", ["CCurl", "CWebSockets"]),
        room("Gateway", ["Core", "Exchange", "Wire", "CSodium"]),
        room("Venue", ["Simulator", "Exchange", "Market", "Wire", "CSodium"]),
        room("Records", ["Core", "Journal", .product(name: "GRDB", package: "GRDB.swift")]),
        room("Console", ["Core", "Wire", "Records"]),
        .executableTarget(
            name: "Host",
            dependencies: [
                "Core", "Exchange", "LuaBridge", "Journal", "Market", "Simulator", "Wire", "Gateway", "Venue",
                "Records", "Console",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ], path: "Sources/Host", swiftSettings: strict),

        tests("CoreTests", ["Core"]),
        tests("ExchangeTests", ["Exchange"]),
        tests("LuaBridgeTests", ["LuaBridge"]),
        tests("JournalTests", ["Journal"]),
        tests("MarketTests", ["Market"]),
        tests("SimulatorTests", ["Simulator"]),
        tests("WireTests", ["Wire"]),
        tests("GatewayTests", ["Gateway"]),
        tests("VenueTests", ["Venue"]),
        tests("HostTests", ["Host"]),
        tests("HouseRulesTests", []),
    ],
    cxxLanguageStandard: .cxx17
)
