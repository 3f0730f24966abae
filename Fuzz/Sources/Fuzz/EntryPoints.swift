#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
import TallyrollFormat

/// Called by libFuzzer once before the first input. With FUZZ_SEEDS set, writes the target's seed inputs into that
/// directory and ends.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> Int32 {
    if let directory = environment("FUZZ_SEEDS") {
        exit(writeSeeds(of: FuzzTarget.selected, to: directory) ? 0 : 1)
    }
    _ = FuzzTarget.selected
    return 0
}

/// Called by libFuzzer with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    FuzzTarget.selected.run(ByteView(base: data, count: count))
    return 0
}

func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

/// Writes a line to the standard error.
func printLine(_ text: String) {
    _ = (text + "\n").withView { write(2, $0.base, $0.count) }
}

/// Ends the process with a message: a property that must hold did not.
func check(_ condition: Bool, _ message: @autoclosure () -> String) {
    if condition { return }
    printLine("FUZZ: " + message())
    abort()
}

private func writeSeeds(of target: FuzzTarget, to directory: String) -> Bool {
    for (number, seed) in target.seeds().enumerated() {
        guard let file = fopen("\(directory)/seed-\(number)", "wb") else { return false }
        let written = seed.isEmpty ? 0 : fwrite(seed, 1, seed.count, file)
        guard fclose(file) == 0, written == seed.count else { return false }
    }
    return true
}
