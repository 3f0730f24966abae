/// Reading one entry of a column: straight to its value, with nothing set up that more entries would share.
extension TextColumn {
    /// So many entries are read one by one for less than together.
    static let fewEntries = 8

    /// The text of one entry, nil where it is absent. It lies where those that `read` gives do.
    func cell(
        _ entry: Int, from context: ColumnContext, arena: inout TextArena
    ) throws -> ByteView? {
        precondition(entry >= 0 && entry < count)
        switch body.encoding {
        case .absent: return nil
        case .constant: return body.constant
        case .localCodes:
            let code = localCode(entry)
            guard code > 0 else { return nil }
            guard code <= body.distinct else { throw unknownCode(code) }
            return try storedText(code - 1, context)
        case .hexTemplate:
            guard let place = place(entry) else { return nil }
            try needDigits(of: place..<place + 1)
            return template(place, &arena)
        case .number:
            guard let place = place(entry) else { return nil }
            return number(place, &arena)
        case .address:
            guard let place = place(entry), let address = body.integers?.value(place) else { return nil }
            return AddressPattern.text(address, &arena)
        case .text:
            guard let place = place(entry) else { return nil }
            return try storedText(place, context)
        case .sharedCodes:
            guard let code = body.codes?.code(entry) else { return nil }
            return try context.term(code, &arena)
        case .follow:
            guard let followed = body.followed, let leaders = context.leaders else { return nil }
            return try followed.cell(followedEntry(entry, leaders), from: context, arena: &arena)
        }
    }

    /// The text at `place` of those that the column has in the heap or in itself.
    @inline(__always)
    private func storedText(_ place: Int, _ context: ColumnContext) throws -> ByteView? {
        guard let bounds = body.integers?.bounds(place) else { return nil }
        return try text(Int(clamping: bounds.start), Int(clamping: bounds.end), context)
    }

    @inline(__always)
    func template(_ place: Int, _ arena: inout TextArena) -> ByteView {
        let template = body.constant
        let target = arena.take(template.count)
        target.update(from: template.base, count: template.count)
        writeDigits(of: place, into: target)
        return ByteView(base: target, count: template.count)
    }

    private func number(_ place: Int, _ arena: inout TextArena) -> ByteView? {
        guard let number = body.integers?.value(place) else { return nil }
        let (prefix, suffix) = (body.prefix, body.suffix)
        let longest = prefix.count + suffix.count + NumberPattern.textMax
        let end = arena.take(longest) + longest
        (end - suffix.count).update(from: suffix.base, count: suffix.count)
        var length = suffix.count
        length += NumberPattern.write(number, fractionDigits: body.fractionDigits, endingAt: end - length)
        length += prefix.count
        (end - length).update(from: prefix.base, count: prefix.count)
        return ByteView(base: end - length, count: length)
    }
}

extension ColumnContext {
    /// The term that a code stands for; nil for 0.
    func term(_ code: UInt32, _ arena: inout TextArena) throws -> ByteView? {
        guard code > 0 else { return nil }
        guard let dictionary else {
            throw FormatError(
                .invalid, "text column", offset: 0, expected: "no dictionary codes", found: "code \(code)")
        }
        return try arena.term(code, of: terms, dictionary)
    }
}
