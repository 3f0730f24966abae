import TallyrollFormat
import TallyrollStore

/// Prints what one segment file holds. Damage is shown where it is, and the rest is printed all the same.
package struct SegmentDump {
    /// What is printed.
    package struct Parts: OptionSet, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        package static let header = Parts(rawValue: 1)
        package static let blocks = Parts(rawValue: 2)
        package static let index = Parts(rawValue: 4)
        package static let columns = Parts(rawValue: 8)
        package static let footer = Parts(rawValue: 16)
        package static let hex = Parts(rawValue: 32)
        /// What is printed when nothing was asked for.
        package static let summary: Parts = [.header, .blocks, .index, .footer]
    }

    package let inspection: SegmentInspection
    let parts: Parts
    /// Only this block, by its place in the file.
    let block: Int?
    private let style: Style

    package init(_ inspection: SegmentInspection, parts: Parts, block: Int?, colours: Bool) {
        self.inspection = inspection
        self.parts = parts
        self.block = block
        style = Style(isOn: colours)
    }

    /// Every fault, of blocks and of what lies around them.
    package var problems: [VerificationProblem] {
        inspection.problems + inspection.blocks.flatMap(\.problems)
    }

    /// The blocks that are printed.
    var blocks: [SegmentInspection.Block] {
        inspection.blocks.filter { block == nil || $0.position == block }
    }

    // MARK: Text

    package func text() throws -> String {
        var lines: [String] = []
        if parts.contains(.header) { lines += headerLines() }
        if parts.contains(.blocks) { lines += blockLines() }
        if parts.contains(.index) { lines += try indexLines() }
        if parts.contains(.columns) { lines += try columnLines() }
        if parts.contains(.footer) { lines += footerLines() }
        if parts.contains(.hex) { lines += try hexLines() }
        lines += problemLines()
        return lines.map { $0 + "\n" }.joined()
    }

    private var state: String {
        if inspection.reader.footer != nil { return "sealed" }
        return inspection.reader.indexProblem == nil ? "open" : "sealed, index region damaged"
    }

    private func headerLines() -> [String] {
        let header = inspection.reader.header
        var lines = [style.title("segment \(header.number), \(state), \(inspection.fileSize) bytes")]
        func line(_ name: String, _ value: String) { lines.append("  " + padded(name, 18) + value) }
        line("store", Digits.hex(header.storeID))
        line("epoch", "\(header.epoch)")
        line("created", Digits.time(header.created))
        line("capacity", "\(header.capacity) bytes, \(header.blockEvents) events a block")
        line("first sequence", "\(header.firstSequence)")
        line(
            "events",
            "\(inspection.blocks.reduce(0) { $0 + $1.entry.count }) in \(inspection.blocks.count) blocks")
        line("chain before", Digits.hex(header.chainBefore))
        return lines
    }

    private func blockLines() -> [String] {
        var table = Table([
            "block", "offset", "bytes", "sequence", "events", "smallest time", "largest time", "codec",
            "state",
        ])
        for block in blocks {
            let entry = block.entry
            table.add([
                "\(block.position)", "\(entry.offset)", "\(entry.length)", "\(entry.firstSequence)",
                "\(entry.count)",
                Digits.time(entry.times.lowerBound), Digits.time(entry.times.upperBound), codec(of: block),
                block.problems.isEmpty ? style.good("ok") : style.bad(block.problems[0].kind.rawValue),
            ])
        }
        return [style.title("blocks")] + table.lines
    }

    /// The codecs of the block's text chunks.
    func codec(of block: SegmentInspection.Block) -> String {
        guard let reader = block.reader else { return "?" }
        var names: [String] = []
        for section in reader.directory.sections where section.role == .textChunk {
            guard let bytes = try? reader.read(section) else { continue }
            let name = bytes.withView { SectionNames.encoding(section, $0) }
            if !names.contains(name) { names.append(name) }
        }
        return names.isEmpty ? "-" : names.joined(separator: "+")
    }

    private func indexLines() throws -> [String] {
        guard let footer = inspection.footer else {
            return [style.title("indexes"), "  none: the segment is \(state)"]
        }
        var dictionaries = Table(["dictionary", "terms", "bytes"])
        for section in footer.sections where section.role == .dictionary {
            let id = DictionaryID(rawValue: section.id)
            let table = id.flatMap { inspection.dictionaries[$0.index] }
            dictionaries.add([
                id.map { "\($0)" } ?? "\(section.id)", table.map { "\($0.count)" } ?? style.bad("damaged"),
                "\(section.length)",
            ])
        }
        var lists = Table(["posting lists", "lists", "events", "bytes", "longest"])
        for section in footer.sections where section.role == .postings {
            let column = PostingColumn(rawValue: section.id)
            guard let column, let postings = inspection.postings[column] else {
                lists.add([IndexNames.name(section), style.bad("damaged"), "", "\(section.length)", ""])
                continue
            }
            lists.add([
                "\(column)", "\(postings.termCount)", "\(postings.postingCount)", "\(section.length)",
                longest(postings, column),
            ])
        }
        var lines = [style.title("indexes")] + dictionaries.lines + lists.lines + filterLines(footer)
        if let section = footer.section(.ids) {
            lines.append(
                "  ids: \(inspection.ids.map { "\($0.count)" } ?? style.bad("damaged")), \(section.length) bytes"
            )
        }
        return lines
    }

    private func filterLines(_ footer: SegmentFooter) -> [String] {
        var table = Table(["filter", "keys of one block", "of several", "unknown blocks", "bytes"])
        var isEmpty = true
        for section in footer.sections where section.role == .filter {
            isEmpty = false
            let filter = FilterKind(rawValue: section.id).flatMap { inspection.filters[$0] }
            table.add([
                IndexNames.name(section), filter.map { "\($0.singles.count)" } ?? style.bad("damaged"),
                filter.map { "\($0.listCount)" } ?? "", filter.map { "\($0.unknown.count)" } ?? "",
                "\(section.length)",
            ])
        }
        return isEmpty ? [] : table.lines
    }

    private func longest(_ postings: TermPostings, _ column: PostingColumn) -> String {
        guard let counts = (try? postings.counts())?.dropFirst() else { return "" }
        guard let most = counts.max(), let code = counts.firstIndex(of: most) else { return "" }
        let term =
            column.dictionary.flatMap { id in
                inspection.dictionaries[id.index]?[UInt32(code)].map { name(of: $0, id) }
            } ?? OutcomeKind(rawValue: UInt8(clamping: code)).map { "\($0)" } ?? "term \(code)"
        return "\(term): \(most)"
    }

    private func name(of term: ByteView, _ dictionary: DictionaryID) -> String {
        guard dictionary == .resource, let parts = try? ResourceTerm.parse(term) else { return term.string }
        return [parts.type?.string, parts.id?.string].compactMap { $0 }.joined(separator: "/")
    }

    private func columnLines() throws -> [String] {
        var table = Table(["section", "bytes", "per event", "blocks", "stored as"])
        let columns = try ColumnSizes(blocks, terms: inspection)
        for row in columns.rows {
            table.add([
                row.name, "\(row.bytes)", Digits.hundredths(row.bytes, columns.events), "\(row.blocks)",
                row.encodings.joined(separator: ", "),
            ])
        }
        table.add(["all", "\(columns.bytes)", Digits.hundredths(columns.bytes, columns.events), "", ""])
        return [style.title("columns")] + table.lines
    }

    private func footerLines() -> [String] {
        guard let footer = inspection.footer else { return [] }
        var table = Table(["section", "offset", "bytes", "checksum"])
        for section in footer.sections {
            let name = IndexNames.name(section)
            table.add([
                ["\(section.role)", name].filter { !$0.isEmpty }.joined(separator: " "), "\(section.offset)",
                "\(section.length)", hex(section.checksum),
            ])
        }
        var lines = [
            style.title("footer: sections at \(footer.tableOffset), end sequence \(footer.endSequence)")
        ]
        lines += table.lines
        if let heads = inspection.heads {
            lines.append("  " + padded("chain after", 18) + Digits.hex(heads.chainAfter))
            for hash in heads.frontier { lines.append("  " + padded("frontier", 18) + Digits.hex(hash)) }
        }
        return lines
    }

    private func problemLines() -> [String] {
        let problems = problems
        guard !problems.isEmpty else { return [] }
        return [style.title("damage")] + problems.map { "  " + style.bad($0.description) }
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    // MARK: Hex

    private func hexLines() throws -> [String] {
        let file = inspection.reader.file
        var lines: [String] = []
        if block == nil {
            lines.append(style.title("header"))
            let header = try file.bytes(at: 0, SegmentHeader.byteCount, what: "segment header")
            lines += header.withView { AnnotatedBytes.segmentHeader($0).lines }
        }
        if let shown = blocks.first {
            lines.append(style.title("block \(shown.position): header and directory"))
            let bytes = try file.bytes(at: shown.entry.offset, shown.entry.length, what: "block")
            lines += bytes.withView { AnnotatedBytes.block($0, origin: shown.entry.offset).lines }
        }
        if block == nil, let footer = inspection.footer {
            lines.append(style.title("section table and trailer"))
            let bytes = try file.bytes(
                at: footer.tableOffset, inspection.fileSize - footer.tableOffset, what: "segment trailer")
            lines += bytes.withView { AnnotatedBytes.footer($0, origin: footer.tableOffset).lines }
        }
        return lines
    }
}
