// swift-tools-version: 6.1
// Benchmarks, a package of their own so that whoever embeds Tallyroll builds none of this. The engine's sources are
// linked in (Sources/Tallyroll* are symbolic links), so that the micro benchmarks and the workload generator see
// `package` symbols; `tally-bench` measures Tallyroll through its public face only.
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "tallyroll-benchmarks",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "tally-bench", targets: ["tally-bench"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.0", traits: []),
    ],
    targets: [
        .systemLibrary(
            name: "CDeflate", pkgConfig: "libdeflate",
            providers: [.apt(["libdeflate-dev"]), .brew(["libdeflate"])]),
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),

        .target(
            name: "TallyrollFormat", dependencies: ["CDeflate", "CInstructions"], swiftSettings: swiftSettings
        ),
        .target(name: "CSHA256Lanes"),
        .target(name: "CInstructions"),
        .target(
            name: "TallyrollIntegrity", dependencies: ["COpenSSL", "CSHA256Lanes"],
            swiftSettings: swiftSettings),
        .target(name: "TallyrollWorkload", swiftSettings: swiftSettings),
        .target(
            name: "TallyrollStore", dependencies: ["CInstructions", "TallyrollFormat", "TallyrollIntegrity"],
            swiftSettings: swiftSettings),
        .target(
            name: "TallyrollQuery", dependencies: ["TallyrollFormat", "TallyrollStore"],
            swiftSettings: swiftSettings),
        .target(
            name: "Tallyroll",
            dependencies: ["TallyrollFormat", "TallyrollIntegrity", "TallyrollStore", "TallyrollQuery"],
            swiftSettings: swiftSettings),

        .executableTarget(
            name: "tally-bench",
            dependencies: [
                "Tallyroll", "TallyrollFormat", "TallyrollIntegrity", "TallyrollQuery", "TallyrollStore",
                "TallyrollWorkload", "CSQLite", "CZlib",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "Micro",
            dependencies: [
                "TallyrollFormat", "TallyrollIntegrity", "TallyrollStore", "TallyrollWorkload",
                .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "Benchmarks/Micro",
            swiftSettings: swiftSettings,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ]
)
