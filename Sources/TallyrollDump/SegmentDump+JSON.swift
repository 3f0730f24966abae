import TallyrollFormat
import TallyrollStore

extension SegmentDump {
    /// The same as one JSON object.
    package func json() throws -> String {
        var members: [(String, JSONValue)] = []
        if parts.contains(.header) { members.append(("header", header)) }
        if parts.contains(.blocks) { members.append(("blocks", .array(blocks.map(value)))) }
        if parts.contains(.index) { members.append(("index", index)) }
        if parts.contains(.columns) { members.append(("columns", try columns())) }
        if parts.contains(.footer) { members.append(("footer", .optional(inspection.footer, value))) }
        members.append(("problems", .array(problems.map(value))))
        var out = ByteWriter(capacity: 4096)
        JSONValue.object(members).write(into: &out)
        return out.view.string + "\n"
    }

    private var header: JSONValue {
        let header = inspection.reader.header
        return .object([
            ("segment", .unsigned(header.number)), ("sealed", .boolean(inspection.reader.footer != nil)),
            ("file_bytes", .count(inspection.fileSize)), ("store", .string(Digits.hex(header.storeID))),
            ("epoch", .unsigned(header.epoch)), ("created", .string(Digits.time(header.created))),
            ("capacity", .count(header.capacity)), ("block_events", .count(header.blockEvents)),
            ("first_sequence", .unsigned(header.firstSequence)),
            ("events", .count(inspection.blocks.reduce(0) { $0 + $1.entry.count })),
            ("chain_before", .string(Digits.hex(header.chainBefore))),
        ])
    }

    private func value(_ block: SegmentInspection.Block) -> JSONValue {
        let entry = block.entry
        return .object([
            ("block", .count(block.position)), ("offset", .count(entry.offset)),
            ("bytes", .count(entry.length)),
            ("first_sequence", .unsigned(entry.firstSequence)), ("events", .count(entry.count)),
            ("min_time", .string(Digits.time(entry.times.lowerBound))),
            ("max_time", .string(Digits.time(entry.times.upperBound))),
            ("min_recorded", .string(Digits.time(entry.recordedTimes.lowerBound))),
            ("max_recorded", .string(Digits.time(entry.recordedTimes.upperBound))),
            ("codec", .string(codec(of: block))), ("ok", .boolean(block.problems.isEmpty)),
        ])
    }

    private var index: JSONValue {
        guard let footer = inspection.footer else { return .null }
        var dictionaries: [JSONValue] = []
        var postings: [JSONValue] = []
        var filters: [JSONValue] = []
        for section in footer.sections {
            let id = DictionaryID(rawValue: section.id)
            let name = JSONValue.string(id.map { "\($0)" } ?? "\(section.id)")
            if section.role == .dictionary {
                let table = id.flatMap { inspection.dictionaries[$0.index] }
                dictionaries.append(
                    .object([
                        ("dictionary", name), ("terms", .optional(table?.count, JSONValue.count)),
                        ("bytes", .count(section.length)),
                    ]))
            } else if section.role == .postings {
                let column = PostingColumn(rawValue: section.id)
                let lists = column.flatMap { inspection.postings[$0] }
                postings.append(
                    .object([
                        ("dictionary", .string(IndexNames.name(section))),
                        ("lists", .optional(lists?.termCount, JSONValue.count)),
                        ("events", .optional(lists?.postingCount, JSONValue.count)),
                        ("bytes", .count(section.length)),
                    ]))
            } else if section.role == .filter {
                let filter = FilterKind(rawValue: section.id).flatMap { inspection.filters[$0] }
                filters.append(
                    .object([
                        ("filter", .string(IndexNames.name(section))),
                        ("keys_of_one_block", .optional(filter?.singles.count, JSONValue.count)),
                        ("keys_of_several", .optional(filter?.listCount, JSONValue.count)),
                        ("bytes", .count(section.length)),
                    ]))
            }
        }
        return .object([
            ("dictionaries", .array(dictionaries)), ("postings", .array(postings)),
            ("filters", .array(filters)),
            ("ids", .optional(inspection.ids?.count, JSONValue.count)),
        ])
    }

    private func columns() throws -> JSONValue {
        .array(
            try ColumnSizes(blocks, terms: inspection).rows.map { row in
                .object([
                    ("section", .string(row.name)), ("bytes", .count(row.bytes)),
                    ("blocks", .count(row.blocks)),
                    ("stored_as", .array(row.encodings.map { .string($0) })),
                ])
            })
    }

    private func value(_ footer: SegmentFooter) -> JSONValue {
        .object([
            ("table_offset", .count(footer.tableOffset)), ("end_sequence", .unsigned(footer.endSequence)),
            ("chain_after", .optional(inspection.heads) { .string(Digits.hex($0.chainAfter)) }),
            (
                "sections",
                .array(
                    footer.sections.map { section in
                        .object([
                            ("section", .string("\(section.role)")), ("id", .count(Int(section.id))),
                            ("offset", .count(section.offset)), ("bytes", .count(section.length)),
                            ("checksum", .string(hex(section.checksum))),
                        ])
                    })
            ),
        ])
    }

    private func value(_ problem: VerificationProblem) -> JSONValue {
        .object([
            ("kind", .string(problem.kind.rawValue)), ("block", .optional(problem.block, JSONValue.count)),
            ("first_sequence", .optional(problem.sequences?.lowerBound) { .unsigned($0) }),
            ("end_sequence", .optional(problem.sequences?.upperBound) { .unsigned($0) }),
            ("offset", .optional(problem.offset, JSONValue.count)), ("what", .string(problem.message)),
        ])
    }
}
