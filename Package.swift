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
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),

        .target(name: "TallyrollFormat", dependencies: ["CZlib"], swiftSettings: swiftSettings),
        .target(
            name: "TallyrollIntegrity", dependencies: ["COpenSSL"], swiftSettings: swiftSettings),
        .target(name: "TallyrollWorkload", swiftSettings: swiftSettings),
        .target(
            name: "TallyrollStore", dependencies: ["TallyrollFormat", "TallyrollIntegrity"],
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
                "Tallyroll", "CZlib", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "segment-dump",
            dependencies: [
                "Tallyroll", .product(name: "ArgumentParser", package: "swift-argument-parser"),
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
            name: "TallyrollStoreTests", dependencies: ["TallyrollStore", "kill-writer"],
            swiftSettings: swiftSettings),
        // A process for the tests to kill.
        .executableTarget(
            name: "kill-writer", dependencies: ["TallyrollStore"], path: "Tests/KillWriter",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "TallyrollQueryTests", dependencies: ["TallyrollQuery"], swiftSettings: swiftSettings),
        .testTarget(
            name: "TallyrollTests", dependencies: ["Tallyroll"], swiftSettings: swiftSettings),
    ]
)
