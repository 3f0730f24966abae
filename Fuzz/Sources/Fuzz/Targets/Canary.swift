import TallyrollFormat

extension FuzzTarget {
    /// Holds a planted bug: behind four right bytes it believes a length that the input gives. A harness that does
    /// not stop here finds nothing elsewhere either; tools/fuzz requires the failure.
    static let canary = FuzzTarget(
        name: "canary",
        seeds: { [Array("canary".utf8)] },
        run: { view in
            guard view.count >= 5, view.trusted(0, 4).raw.elementsEqual("TALL".utf8) else { return }
            let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 16)
            memory.initialize(repeating: 0, count: 16)
            defer { memory.deallocate() }
            if view[4] > 16 { check(memory[Int(view[4])] != 1, "read behind the end") }
        })
}
