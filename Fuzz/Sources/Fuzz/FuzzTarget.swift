#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
import TallyrollFormat

/// One decoder under fuzzing: what to do with an input, and inputs to begin with. `run` must return for every input;
/// what the decoder throws is fine, what it claims must hold.
struct FuzzTarget: Sendable {
    let name: String
    let seeds: @Sendable () -> [[UInt8]]
    let run: @Sendable (ByteView) -> Void

    static let all: [FuzzTarget] = [
        .eventJSON, .json, .cloudTrail, .record, .shape, .block, .integers, .codes, .texts, .postings,
        .dictionary, .ids, .termFilter, .pages, .filter, .log, .structures, .manifest, .segment, .query,
        .seedSet, .proof,
        .canary,
    ]

    /// The target that the environment names in FUZZ_TARGET.
    static let selected: FuzzTarget = {
        let name = environment("FUZZ_TARGET") ?? ""
        guard let target = all.first(where: { $0.name == name }) else {
            printLine("FUZZ_TARGET is one of: \(all.map { $0.name }.joined(separator: " "))")
            exit(64)
        }
        return target
    }()
}

/// Small numbers from the front of an input, so that one input can also choose sizes and options.
struct Choices {
    private(set) var rest: ByteView

    init(_ view: ByteView) { rest = view }

    mutating func byte() -> Int {
        guard !rest.isEmpty else { return 0 }
        defer { rest = rest.trusted(1, rest.count - 1) }
        return Int(rest[0])
    }

    mutating func word() -> Int { byte() | byte() << 8 }

    mutating func integer() -> UInt64 {
        var value: UInt64 = 0
        for place in 0..<8 { value |= UInt64(byte()) << UInt64(place * 8) }
        return value
    }
}

extension ByteView {
    /// The view's bytes in memory of their own of exactly that size, so that the sanitizer sees any read beyond them.
    var owned: Bytes { Bytes(copying: self) }
}
