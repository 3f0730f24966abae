import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// A random store, and the same events as plain values.
struct QueryWorld {
    let seed: UInt64
    var generator: Generator
    private(set) var store: TestStore
    var events: [PlainEvent] = []
    private(set) var records: [[UInt8]] = []
    private let options: Options
    /// What was done after each event was appended.
    private var actions: [[Action]] = []

    private struct Options {
        var blockEvents: Int
        var firstSequence: UInt64
        var codec: Codec
        var indexes: SegmentIndexes

        func store() throws -> TestStore {
            try TestStore(
                blockEvents: blockEvents, firstSequence: firstSequence, codec: codec, indexes: indexes)
        }
    }

    private enum Action { case closeBlock, seal, closeTail }

    init(_ size: OracleCases.Store, seedOffset: UInt64 = 0) throws {
        try self.init(
            seed: size.seed &+ seedOffset, blockEvents: size.blockEvents, count: size.events,
            manyValues: size.manyValues)
    }

    /// Every set of indexes must give the same answers.
    private static let indexes: [SegmentIndexes] = [
        .all, .default, .none, [.text, .result], [.details, .session, .request],
        [.details("a"), .details("k.v"), .action, .ip], [.correlation, .component, .severity],
    ]

    /// `change` may make something else of each event before it is written.
    init(
        seed: UInt64, blockEvents: Int, count: Int, manyValues: Int? = nil, hasZeros: Bool = true,
        _ change: (inout PlainEvent, inout Generator) -> Void = { _, _ in }
    ) throws {
        self.seed = seed
        generator = Generator(random: SplitMix64(seed: seed), hasZeros: hasZeros)
        options = Options(
            blockEvents: blockEvents, firstSequence: generator.random.chance(30) ? 1_000 : 0,
            codec: generator.random.chance(50) ? .deflate : .none,
            indexes: QueryWorld.indexes[Int(seed % UInt64(QueryWorld.indexes.count))])
        store = try options.store()
        generator.chooseVocabulary(manyValues: manyValues)
        // Some stores are in the order of time, some nearly, some not at all.
        let disorder = generator.random.pick([0, 3, 50, 10_000])
        let sealEvery =
            manyValues == nil
            ? generator.random.pick([count / 5 + 1, count / 2 + 1, count * 2])
            : generator.random.pick([count / 2 + 1, count * 2 / 3])
        let tailFrom = count - generator.random.below(min(count, 40))
        let openFrom = tailFrom - generator.random.below(min(tailFrom, 80))
        for index in 0..<count {
            var event = generator.event()
            event.recorded = 1_700_000_000_000_000_000 + Int64(index / 3) * 1_000_000
            event.time = Int64(index / 4 + generator.random.below(disorder + 1)) * 1_000_000_000
            if generator.random.chance(1) { event.time = generator.random.pick([Int64.min, -1, Int64.max]) }
            place(&event)
            chooseID(&event)
            if generator.random.chance(2) {
                // More scalars than a shape may have: kept as text.
                event.details = .object([
                    ("a", .array((0..<1_100).map { .number("\($0 % 7)") })), ("b", .string("deep")),
                ])
            }
            change(&event, &generator)
            var actions: [Action] = []
            if index == tailFrom { actions.append(.closeBlock) }
            if index < openFrom, (index + 1) % sealEvery == 0 { actions.append(.seal) }
            if index > tailFrom, generator.random.chance(20) { actions.append(.closeTail) }
            try append(event, event.record(&generator.random), actions)
        }
        try store.closeTail()
    }

    /// Gives an event the place and the id of the one that comes next.
    private func place(_ event: inout PlainEvent) {
        let sequence = options.firstSequence + UInt64(events.count)
        event.sequence = Int64(sequence)
        event.minted = MintedID.text(
            recordedAt: event.recorded, sequence: sequence, storeTag: store.storeTag)
    }

    private mutating func chooseID(_ event: inout PlainEvent) {
        switch generator.random.below(20) {
        case 0: event.strings[.id] = events.randomElement(using: &generator.random)?.minted
        case 1: event.strings[.id] = event.minted
        case 2...8: event.strings[.id] = "f-\(events.count)"
        case 9: break
        default: event.strings[.id] = nil
        }
    }

    private mutating func append(_ event: PlainEvent, _ record: [UInt8], _ actions: [Action]) throws {
        events.append(event)
        records.append(record)
        self.actions.append(actions)
        try store.append(record, recordedAt: event.recorded)
        for action in actions {
            switch action {
            case .closeBlock: try store.closeBlock()
            case .seal: try store.seal()
            case .closeTail: try store.closeTail()
            }
        }
    }

    /// The store as its writer sees it, and as another process would.
    func views() throws -> [QueryEngine] {
        [
            QueryEngine(store.snapshot(), now: 0),
            QueryEngine(try store.reopenedSnapshot(), now: 0),
        ]
    }

    /// A store with only some of the events, cut into blocks and segments after the same ones as far as they are left.
    func keeping(_ kept: [Int]) throws -> QueryWorld {
        var world = self
        world.store = try options.store()
        (world.events, world.records, world.actions) = ([], [], [])
        for (place, index) in kept.enumerated() {
            let next = place + 1 < kept.count ? kept[place + 1] : events.count
            var event = events[index]
            world.place(&event)
            try world.append(event, records[index], actions[index..<next].flatMap { $0 })
        }
        try world.store.closeTail()
        return world
    }

    /// How the store is cut, for messages.
    var layout: String {
        let snapshot = store.snapshot()
        let blocks = snapshot.segments.map { segment in
            (segment.reader.isSealed ? "sealed " : "open ") + "\(segment.entries.map(\.count))"
        }
        return
            "\(blocks.joined(separator: ", ")), tail \(snapshot.tail.map(\.count)), indexes \(options.indexes)"
    }

    /// A filter that often means some of the events.
    mutating func filter() -> Filter {
        if generator.random.chance(30) { return targetedFilter() }
        var filter = generator.filter(generator.random.below(4))
        guard let some = events.randomElement(using: &generator.random) else { return filter }
        let other = events.randomElement(using: &generator.random) ?? some
        var extra: [Filter] = []
        if generator.random.chance(35) {
            let operation = generator.random.pick([Filter.Operator.less, .greaterOrEqual, .lessOrEqual])
            extra.append(.comparison(.time, operation, .time(.absolute(nanoseconds: some.time))))
        }
        if generator.random.chance(20) {
            extra.append(.comparison(.sequence, .greater, .integer(other.sequence)))
        }
        if generator.random.chance(10) {
            extra.append(
                .comparison(.recorded, .lessOrEqual, .time(.absolute(nanoseconds: other.recorded))))
        }
        if generator.random.chance(10) {
            extra.append(
                .oneOf(.id, [some, other].map { $0.strings[.id] ?? $0.minted }))
        }
        if generator.random.chance(10), let user = some.strings[.user] { extra.append(.user(user)) }
        if generator.random.chance(10), let type = some.strings[.type] { extra.append(.type(type)) }
        if generator.random.chance(10), let type = some.strings[.resourceType],
            let id = some.strings[.resourceID]
        {
            extra.append(
                generator.random.chance(50)
                    ? .resource(type: type, id: id) : .equal(.resource, type + "/" + id))
        }
        guard !extra.isEmpty else { return filter }
        if generator.random.chance(50) { filter = .constant(true) }
        return generator.random.chance(80) ? .and(extra + [filter]) : .or(extra + [filter])
    }

    /// The places in `events` of those that a filter means, in order.
    func expected(_ filter: Filter, _ order: QueryOrder) -> [Int] {
        let meant = events.indices.filter { Oracle(event: events[$0]).holds(filter) }
        switch order {
        case .oldest: return meant
        case .newest: return meant.sorted { (events[$0].time, $0) > (events[$1].time, $1) }
        }
    }
}
