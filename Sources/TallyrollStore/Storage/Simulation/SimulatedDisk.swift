/// A whole simulated disk as a value: copying it is taking a clone. Node 0 is the root directory.
struct SimulatedDisk: Sendable {
    /// A change of names that reaches the medium whole or not at all: a node for a name, or none.
    typealias EntryChange = [(name: String, node: Int?)]

    /// The names of one directory: as processes see them, and as the medium has them.
    struct Directory: Sendable {
        var entries: [String: Int] = [:]
        var durable: [String: Int] = [:]
        /// What was changed since the last sync, in order.
        var unsynced: [EntryChange] = []

        mutating func apply(_ change: EntryChange) {
            for (name, node) in change { entries[name] = node }
            unsynced.append(change)
        }

        mutating func sync() {
            durable = entries
            unsynced.removeAll()
        }

        /// The durable names and any subset of the unsynced changes.
        func crashed(keep: Double, using random: inout SplitMix64) -> Directory {
            var names = durable
            for change in unsynced where random.chance(keep) {
                for (name, node) in change { names[name] = node }
            }
            return Directory(entries: names, durable: names)
        }

        var nodes: Set<Int> {
            Set(entries.values).union(durable.values).union(unsynced.joined().compactMap(\.node))
        }
    }

    enum Node: Sendable {
        case file
        case directory
    }

    static let root = 0

    var files: [Int: SimulatedContent] = [:]
    var directories: [Int: Directory] = [root: Directory()]
    private var nextNode = 1

    /// The sum of all file sizes: what counts against the capacity.
    var usedBytes: Int { files.values.reduce(0) { $0 + $1.size } }

    mutating func makeNode(_ kind: Node) -> Int {
        defer { nextNode += 1 }
        switch kind {
        case .file: files[nextNode] = SimulatedContent()
        case .directory: directories[nextNode] = Directory()
        }
        return nextNode
    }

    /// The node of a path, or nil when there is none.
    func node(_ path: String) -> Int? {
        var node = SimulatedDisk.root
        for part in path.split(separator: "/") {
            guard let next = directories[node]?.entries[String(part)] else { return nil }
            node = next
        }
        return node
    }

    /// The directory that holds a path's last part, and that part.
    func parent(_ path: String) -> (directory: Int, name: String)? {
        let parts = path.split(separator: "/")
        guard let name = parts.last,
            let directory = node(parts.dropLast().joined(separator: "/")), directories[directory] != nil
        else { return nil }
        return (directory, String(name))
    }

    /// What a power loss can leave of this disk.
    func crashed(keep: Double, using random: inout SplitMix64) -> SimulatedDisk {
        var result = self
        for node in directories.keys.sorted() {
            result.directories[node] = directories[node]?.crashed(keep: keep, using: &random)
        }
        for node in files.keys.sorted() {
            result.files[node] = files[node]?.crashed(keep: keep, using: &random)
        }
        result.sweep()
        return result
    }

    /// Drops what no name can lead to any more.
    mutating func sweep() {
        var reached: Set<Int> = [SimulatedDisk.root]
        var open = [SimulatedDisk.root]
        while let node = open.popLast() {
            for next in directories[node]?.nodes ?? [] where reached.insert(next).inserted {
                open.append(next)
            }
        }
        files = files.filter { reached.contains($0.key) }
        directories = directories.filter { reached.contains($0.key) }
    }
}
