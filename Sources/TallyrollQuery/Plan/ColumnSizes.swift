import TallyrollFormat

/// What the columns of a segment take on disk, in bytes an event: as one of its blocks says, or, where no block was
/// opened, what is usual.
struct ColumnSizes: Sendable {
    private var bytes: [ColumnID: Double] = [:]
    private var paths = 0.0
    private var isMeasured = false

    init() {}

    init(_ block: BlockReader) {
        isMeasured = true
        let events = Double(max(block.count, 1))
        var detailPaths = 0
        var detailBytes = 0
        for section in block.directory.sections {
            switch section.role {
            case .column:
                if let column = UInt8(exactly: section.id).flatMap({ ColumnID(rawValue: $0) }) {
                    bytes[column] = Double(section.length) / events
                }
            case .detailsPath:
                detailPaths += 1
                detailBytes += section.length
            case .seeds, .newTerms, .rawDocuments, .extraPath, .heapDirectory, .textChunk, .tree: continue
            }
        }
        paths = Double(detailBytes) / events
        bytes[.details, default: 0] += paths / Double(max(detailPaths, 1))
    }

    /// Bytes an event that answering a question for whole blocks reads.
    func bytes(_ source: LeafSource) -> Double {
        switch source {
        case .sequence: 0
        case .id: column(.id, usual: 8) + column(.recordedAt, usual: 1)
        case .timestamp: column(.timestamp, usual: 2)
        case .recordedAt: column(.recordedAt, usual: 1)
        case .duration: column(.duration, usual: 2)
        case .outcome: column(.outcome, usual: 0.25)
        case .codes(let id, _): codes(id)
        case .text(let id): column(id, usual: 6)
        case .document(let id): column(id, usual: 4)
        case .anyText: column(.message, usual: 8) + column(.error, usual: 4) + (isMeasured ? paths : 20)
        }
    }

    /// What takes less than a bit an event is the same for all, or determined by the action, which is then read.
    private func codes(_ id: ColumnID) -> Double {
        let bytes = column(id, usual: 1)
        return bytes < 0.125 && id != .action ? bytes + column(.action, usual: 1) : bytes
    }

    /// A block without the column has nothing to read.
    private func column(_ id: ColumnID, usual: Double) -> Double {
        isMeasured ? bytes[id] ?? 0 : usual
    }
}
