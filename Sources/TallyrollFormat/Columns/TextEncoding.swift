/// The ways in which a column of optional texts is stored. Zero is never a value on disk.
enum TextEncoding: UInt8 {
    /// No entry has a value.
    case absent = 1
    /// Every entry has this value.
    case constant = 2
    /// Codes into the distinct values of this column in this block, whose text lies in the heap.
    case localCodes = 3
    /// A fixed text with hex digits at some positions.
    case hexTemplate = 4
    /// A prefix, a number and a suffix.
    case number = 5
    /// What it was at the same user's previous event in this block, with exceptions.
    case follow = 6
    /// Text in the heap, entry by entry.
    case text = 7
    /// Codes into the segment's dictionary of this field.
    case sharedCodes = 8
    /// Addresses in dotted form, as numbers.
    case address = 9
}

/// The terms of one field in one segment while it is built. One thread uses it at a time.
package final class SharedTerms {
    /// Behind a pointer, since a class property would be checked for exclusive access at every event.
    private let storage: UnsafeMutablePointer<TermInterner>

    package init() {
        storage = .allocate(capacity: 1)
        storage.initialize(to: TermInterner(capacity: 256))
    }

    deinit {
        storage.deinitialize(count: 1)
        storage.deallocate()
    }

    /// Bytes of all terms, and how many there are: read without lending the whole table, which takes an allocation.
    package var size: (textBytes: Int, count: Int) { (storage.pointee.textBytes, storage.pointee.count) }

    /// All terms in the order of their codes, valid until the next is added.
    var views: [ByteView] { (0..<storage.pointee.count).map { storage.pointee.term(UInt32($0 + 1)) } }

    package var table: TermInterner {
        @inline(__always) _read { yield storage.pointee }
        @inline(__always) _modify { yield &storage.pointee }
    }

    /// Terms in one dictionary beyond which a free-text field no longer adds to it: readers hold dictionaries in
    /// memory, and a field with this many values gains nothing from one.
    static let termsMax = 1 << 18
    static let textBytesMax = 16 << 20

    var mayGrow: Bool { table.count < SharedTerms.termsMax && table.textBytes < SharedTerms.textBytesMax }
}

/// The bits that hold the codes 0 ... `largest`.
@inline(__always)
func bitWidth(_ largest: Int) -> Int { Int.bitWidth - largest.leadingZeroBitCount }
