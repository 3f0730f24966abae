// swift-tools-version: 6.1
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "tallyroll",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Tallyroll", targets: ["Tallyroll"]),
        .executable(name: "tallyroll", targets: ["tallyroll-cli"]),
        .executable(name: "segment-dump", targets: ["segment-dump"]),
    ],
    traits: [
        .trait(name: "Zstd", description: "Lets stores compress with zstd; needs libzstd and its headers.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        .systemLibrary(
            name: "CDeflate", pkgConfig: "libdeflate",
            providers: [.apt(["libdeflate-dev"]), .brew(["libdeflate"])]),
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),

        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .target(
            name: "TallyrollFormat",
            dependencies: [
                "CDeflate", "CInstructions", .target(name: "CZstd", condition: .when(traits: ["Zstd"])),
            ],
            swiftSettings: swiftSettings),
        // Instructions that Swift cannot be told to use on the processors that have them.
        .target(name: "CInstructions"),
        .target(name: "CSHA256Lanes"),
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
            name: "tallyroll-cli",
            dependencies: [
                "CZlib", "TallyrollFormat", "TallyrollIntegrity", "TallyrollStore", "TallyrollQuery",
                "TallyrollWorkload", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .target(
            name: "TallyrollDump", dependencies: ["TallyrollFormat", "TallyrollIntegrity", "TallyrollStore"],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "segment-dump",
            dependencies: [
                "TallyrollDump", "TallyrollFormat", "TallyrollStore",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),

        .testTarget(
            name: "TallyrollFormatTests", dependencies: ["TallyrollFormat", "CZlib"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "TallyrollIntegrityTests", dependencies: ["TallyrollIntegrity", "COpenSSL"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "TallyrollWorkloadTests", dependencies: ["TallyrollWorkload", "TallyrollIntegrity"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "TallyrollStoreTests",
            dependencies: ["TallyrollStore", "TallyrollDump", "segment-dump", "kill-writer"],
            swiftSettings: swiftSettings),
        // A process for the tests to kill.
        .executableTarget(
            name: "kill-writer", dependencies: ["TallyrollStore"], path: "Tests/KillWriter",
            swiftSettings: swiftSettings),
        // Only the tests use it: a second opinion on queries.
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
        // Work whose instructions and allocations tools/gates counts.
        .executableTarget(
            name: "tally-gate",
            dependencies: [
                "Tallyroll", "TallyrollFormat", "TallyrollQuery", "TallyrollStore", "TallyrollWorkload",
            ],
            path: "Tests/Gate", swiftSettings: swiftSettings),
        .testTarget(
            name: "TallyrollQueryTests", dependencies: ["TallyrollQuery", "CSQLite", "CZlib"],
            swiftSettings: swiftSettings),
        // Runs the built program `tallyroll`, which it finds beside the test bundle.
        .testTarget(name: "TallyrollCommandTests", swiftSettings: swiftSettings),
        .testTarget(
            name: "TallyrollTests", dependencies: ["Tallyroll", "kill-writer"], exclude: ["Fixtures"],
            swiftSettings: swiftSettings),
    ]
)
