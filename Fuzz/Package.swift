// swift-tools-version: 6.1
import PackageDescription

// The engine's sources are built here a second time, through symbolic links, because `package` symbols do not reach
// another package and fuzzing wants its own instrumentation. Build with tools/fuzz, which asks for the sanitizers.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "tallyroll-fuzz",
    platforms: [.macOS(.v15)],
    targets: [
        .systemLibrary(
            name: "CDeflate", pkgConfig: "libdeflate",
            providers: [.apt(["libdeflate-dev"]), .brew(["libdeflate"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
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
        .executableTarget(
            name: "Fuzz",
            dependencies: ["TallyrollFormat", "TallyrollIntegrity", "TallyrollStore", "TallyrollQuery"],
            swiftSettings: swiftSettings),
    ]
)
