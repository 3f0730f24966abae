/// The values of one column before it is encoded: for each entry where its bytes lie in one shared run of memory,
/// or that it is absent.
package struct ValueList {
    package static let absent = UInt32.max

    package private(set) var offsets: [UInt32] = []
    package private(set) var lengths: [UInt32] = []
    package private(set) var absentCount = 0

    package init() {}

    @inline(__always)
    package var count: Int { offsets.count }
    package var presentCount: Int { count - absentCount }

    package mutating func removeAll() {
        offsets.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        absentCount = 0
    }

    package mutating func reserve(_ count: Int) {
        offsets.reserveCapacity(count)
        lengths.reserveCapacity(count)
    }

    @inline(__always)
    package mutating func append(offset: UInt32, length: UInt32) {
        offsets.append(offset)
        lengths.append(length)
    }

    @inline(__always)
    package mutating func appendAbsent() {
        offsets.append(0)
        lengths.append(ValueList.absent)
        absentCount += 1
    }

    /// Appends absent entries until there are `count`.
    @inline(__always)
    package mutating func pad(to count: Int) {
        while self.count < count { appendAbsent() }
    }

    @inline(__always)
    package func isAbsent(_ index: Int) -> Bool { lengths[index] == ValueList.absent }

    /// The bytes of a present entry.
    @inline(__always)
    package func value(_ index: Int, in memory: ByteView) -> ByteView {
        memory.trusted(Int(offsets[index]), Int(lengths[index]))
    }
}
