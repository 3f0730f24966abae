import TallyrollFormat
import TallyrollStore

/// Events of one segment, counted by the codes of several columns together.
struct CodeCombinations {
    let columns: [PostingColumn]
    /// For each column, one more than its largest code.
    private let sizes: [Int]
    /// By the codes, those of the first column counting most.
    private var counts: [Int]
    /// Where each row of a block is counted.
    private var places: [UInt32] = []

    private static let countsMax = 1 << 20

    /// Nil where there are more combinations than so many events are worth.
    init?(_ columns: [PostingColumn], codesMax: [Int], events: Int) {
        var product = 1
        for codeMax in codesMax {
            let (next, overflow) = product.multipliedReportingOverflow(by: codeMax + 1)
            guard !overflow, next <= CodeCombinations.countsMax, next <= 4 * events + 64 else { return nil }
            product = next
        }
        self.columns = columns
        sizes = codesMax.map { $0 + 1 }
        counts = [Int](repeating: 0, count: product)
    }

    /// Calls `body` with the codes of each combination of which there are events, and their number.
    func forEach(_ body: (_ codes: [UInt32], _ count: Int) throws -> Void) rethrows {
        var codes = [UInt32](repeating: 0, count: sizes.count)
        for (place, count) in counts.enumerated() where count > 0 {
            var rest = place
            for column in sizes.indices.reversed() {
                codes[column] = UInt32(rest % sizes[column])
                rest /= sizes[column]
            }
            try body(codes, count)
        }
    }

    /// Adds some rows of a block. Nothing is counted of a block that holds a code which the segment does not have.
    mutating func add(_ block: BlockReader, _ rows: RowSet) throws {
        places.removeAll(keepingCapacity: true)
        places.append(contentsOf: repeatElement(0, count: block.count))
        for (column, size) in zip(columns, sizes) {
            let codes = try CodeCombinations.codes(column, block)
            let largest = places.withUnsafeMutableBufferPointer { places in
                var largest: UInt32 = 0
                for row in places.indices {
                    largest = max(largest, codes[row])
                    places[row] = places[row] &* UInt32(size) &+ codes[row]
                }
                return largest
            }
            guard Int(largest) < size else {
                throw FormatError(
                    .invalid, "block: codes of \(column)", offset: block.origin,
                    expected: "codes up to \(size - 1)", found: "\(largest)")
            }
        }
        counts.withUnsafeMutableBufferPointer { counts in
            rows.forEach { counts[Int(places[$0])] &+= 1 }
        }
    }

    private static func codes(_ column: PostingColumn, _ block: BlockReader) throws -> [UInt32] {
        if column == .outcome {
            return try block.integers(.outcome).decodeArray().map { UInt32(clamping: $0) }
        }
        return try block.codes(column.column).decodeArray()
    }
}
