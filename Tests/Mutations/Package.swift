// swift-tools-version: 6.1
// The query layer and its tests alone, so that each mutation is built quickly. `tools/mutate` puts it in the place
// of the real manifest of a copy.
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "tallyroll-mutations",
    platforms: [.macOS(.v15)],
    targets: [
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto"),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3"),
        .target(
            name: "TallyrollFormat", dependencies: ["CDeflate", "CInstructions"], swiftSettings: swiftSettings
        ),
        .target(name: "CSHA256Lanes"),
        .target(name: "CInstructions"),
        .target(
            name: "TallyrollIntegrity", dependencies: ["COpenSSL", "CSHA256Lanes"],
            swiftSettings: swiftSettings),
        .target(
            name: "TallyrollStore", dependencies: ["CInstructions", "TallyrollFormat", "TallyrollIntegrity"],
            swiftSettings: swiftSettings),
        .target(
            name: "TallyrollQuery", dependencies: ["TallyrollFormat", "TallyrollStore"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "TallyrollQueryTests", dependencies: ["TallyrollQuery", "CSQLite", "CZlib"],
            swiftSettings: swiftSettings),
    ]
)
