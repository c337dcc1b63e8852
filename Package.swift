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
    products: [
        .executable(name: "neap", targets: ["neap"]),
        // Preloaded by tests of real processes; nothing of the program uses it.
        .library(name: "WallShift", type: .dynamic, targets: ["WallShift"]),
    ],
    traits: [
        .trait(
            name: "KillPoints",
            description: "NEAP_KILL=POINT:COUNT ends the process at a place between exchange and record."),
        .default(enabledTraits: ["KillPoints"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CSodium", path: "Sources/CSodium", pkgConfig: "libsodium",
            providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(
            name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // Of the C library itself, whose overlay leaves <malloc.h> out.
        .systemLibrary(name: "CMalloc", path: "Sources/CMalloc"),
        .systemLibrary(
            name: "CCurl", path: "Sources/CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "CWebSockets", path: "Sources/CWebSockets", pkgConfig: "libwebsockets",
            providers: [.apt(["libwebsockets-dev"])]),
        .systemLibrary(
            name: "CLua", path: "Sources/CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
        .target(
            name: "CLuaBox", dependencies: ["CLua"], path: "Sources/CLuaBox",
            cSettings: [.unsafeFlags(["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror"])]),
        .target(
            name: "CSimdjson", path: "Sources/CSimdjson",
            cxxSettings: [.unsafeFlags(["-O2", "-std=c++17", "-Wall"])],
            linkerSettings: [.linkedLibrary("simdjson")]),

        room("Core", [deque]),
        room("Exchange", ["Core", "CSimdjson"]),
        room("LuaBridge", ["Core", "CLuaBox"]),
        room("Journal", ["Core", "Exchange", "CZlib"]),
        room("Market", ["Core", "Exchange", "CZlib"]),
        room("Simulator", ["Core", "Exchange"]),
        room("Wire", ["CCurl", "CWebSockets"]),
        room("Gateway", ["Core", "Exchange", "Wire", "CSodium"]),
        room("Records", ["Core", "Journal", .product(name: "GRDB", package: "GRDB.swift")]),
        room("Console", ["Core", "Exchange", "Wire", "Records"]),
        room("Venue", ["Core", "Simulator", "Exchange", "Market", "Wire", "CSodium"]),
        room(
            "Host",
            [
                "Core", "Exchange", "LuaBridge", "Journal", "Market", "Gateway", "Simulator", "Venue", "Wire",
                "Records", "Console", "CMalloc", deque,
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "neap", dependencies: ["Host"], path: "Sources/neap", swiftSettings: strict),
        .executableTarget(
            name: "Bench",
            dependencies: [
                "Host", "Core", "Exchange", "Journal", "LuaBridge", "Venue", "Wire", "Gateway", "Simulator",
                "LuaFloor",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ], path: "Benchmarks/Bench", swiftSettings: strict),
        .target(
            name: "LuaFloor", dependencies: ["CLua"], path: "Benchmarks/LuaFloor",
            cSettings: [.unsafeFlags(["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror"])]),
        .executableTarget(
            name: "Floor", path: "Benchmarks/Floor",
            cSettings: [.unsafeFlags(["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror"])],
            linkerSettings: ["websockets", "ssl", "crypto", "curl", "sodium"].map { .linkedLibrary($0) }),

        .target(
            name: "WallShift", path: "Tests/WallShift",
            cSettings: [.unsafeFlags(["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror"])]),
        tests("CoreTests", ["Core"]),
        tests("LuaBridgeTests", ["LuaBridge", "Core"]),
        tests("SimulatorTests", ["Simulator"]),
        tests(
            "HostTests",
            [
                "Host", "Journal", "LuaBridge", "Core", "Exchange", "Gateway", "Simulator", "Venue", "Wire",
                "Records",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        tests(
            "ReliabilityTests",
            [
                "Host", "Core", "LuaBridge", "Exchange", "Journal", "Simulator", "Venue", "Gateway", "Wire",
                "Records",
            ]),
        tests("SimulationTests", ["Core", "Exchange", "Simulator"]),
        tests("WireTests", ["Wire"]),
        tests("HouseRulesTests", []),
        tests("MarketTests", ["Market", "Core"]),
        tests("RecordsTests", ["Records", "Core", .product(name: "GRDB", package: "GRDB.swift")]),
        tests("ConsoleTests", ["Console", "Wire"]),
        .testTarget(
            name: "ExchangeTests", dependencies: ["Core", "Exchange"], path: "Tests/ExchangeTests",
            exclude: ["Fixtures"], swiftSettings: strict),
        tests("GatewayTests", ["Gateway", "Venue", "Wire"]),
        tests("VenueTests", ["Venue", "Wire"]),
    ],
    cxxLanguageStandard: .cxx17
)
