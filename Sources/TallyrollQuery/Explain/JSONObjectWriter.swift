import TallyrollFormat

/// Writes the members of a JSON object, with commas where they belong.
struct JSONObjectWriter: ~Copyable {
    private(set) var out = ByteWriter(capacity: 1024)
    private var isFirst = true

    init() { out.u8(UInt8(ascii: "{")) }

    /// The object on one line.
    mutating func finished() -> String {
        out.u8(UInt8(ascii: "}"))
        return out.view.string
    }

    private mutating func key(_ name: String) {
        if !isFirst { out.u8(UInt8(ascii: ",")) }
        isFirst = false
        string(name)
        out.u8(UInt8(ascii: ":"))
    }

    mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    mutating func member(_ name: String, _ value: Int) {
        key(name)
        "\(value)".withView { out.bytes($0) }
    }

    /// An object of counts, in the order of their names; nothing when there are none.
    mutating func member(_ name: String, _ counts: [String: Int]) {
        let counts = counts.filter { $0.value > 0 }.sorted { $0.key < $1.key }
        guard !counts.isEmpty else { return }
        key(name)
        nested { inner in for (name, count) in counts { inner.member(name, count) } }
    }

    mutating func object(_ name: String, _ body: (inout JSONObjectWriter) -> Void) {
        key(name)
        nested(body)
    }

    mutating func list<T>(_ name: String, _ items: [T], _ body: (T, inout JSONObjectWriter) -> Void) {
        key(name)
        out.u8(UInt8(ascii: "["))
        for (index, item) in items.enumerated() {
            if index > 0 { out.u8(UInt8(ascii: ",")) }
            nested { body(item, &$0) }
        }
        out.u8(UInt8(ascii: "]"))
    }

    private mutating func nested(_ body: (inout JSONObjectWriter) -> Void) {
        let outer = isFirst
        isFirst = true
        out.u8(UInt8(ascii: "{"))
        body(&self)
        out.u8(UInt8(ascii: "}"))
        isFirst = outer
    }

    private mutating func string(_ text: String) {
        out.u8(UInt8(ascii: "\""))
        text.withView { out.escaped($0) }
        out.u8(UInt8(ascii: "\""))
    }
}
