import Synchronization
import TallyrollFormat
import TallyrollIntegrity

/// Reads a store beside its writer, from the same process or another, without taking the lock.
///
/// A refresh looks at the segments first and then at the log behind them, and reads of both only what was added since the
/// last one. The writer may move events from the log
/// into blocks in between; a gap between the two means that, and the look is taken again.
package final class StoreFollower: Sendable {
    /// Damage met while looking; the verifier tells more.
    package typealias Problem = StoreSnapshot.Problem

    private struct State {
        var sealed: [UInt64: SegmentReader] = [:]
        var open: OpenSegment?
        /// The log as far as it was read, to go on from.
        var log: LogTail?
        /// What was met, whether or not events are missing for it.
        var problems: [Problem] = []
        /// Events are missing for these, which are met again by every look.
        var losses: [Problem] = []
        /// Events are missing for these in the log as far as it was read.
        var logLosses: [Problem] = []
        var names = StoreNames()
        /// The segments of the last look, and their numbers.
        var shown: [StoreSnapshot.Segment] = []
        var shownNumbers: [UInt64] = []
        var summary: StoreSummary

        init(_ cache: BlockCache) { summary = StoreSummary(budget: cache.indexes) }
    }

    private struct OpenSegment {
        var reader: SegmentReader
        var terms: GrowingTerms
        var entries: [BlockEntry] = []
        var end = SegmentHeader.byteCount
        var nextIndex = 0
        var chainAfter: [UInt8]
        var fileEnd = 0
        /// Damage between the blocks known, which is not looked at again.
        var damage: [Problem] = []
    }

    package let manifest: StoreManifest
    package let storage: any Storage
    package let cache: BlockCache
    /// The store's directory, for messages.
    package let path: String
    private let state: Monitor<State>
    private let watched = Mutex(Watched())

    /// How often a look is repeated while the writer moves things about.
    private static let attemptsMax = 50

    /// Opens the store in `storage` for reading; throws `.noStore` when there is none.
    package init(
        _ storage: any Storage, path: String, cacheBytes: Int = StoreOptions().cacheBytes,
        indexBytes: Int = StoreOptions().indexBytes
    ) throws(AuditLogError) {
        self.storage = storage
        self.path = path
        cache = BlockCache(capacity: cacheBytes, indexes: indexBytes)
        state = Monitor(State(cache))
        do {
            guard try storage.exists(StoreManifest.fileName) else { throw AuditLogError.noStore(path: path) }
            manifest = try StoreManifest.load(from: storage)
        } catch let error as StorageError where error.code == .noSuchFile {
            throw AuditLogError.noStore(path: path)
        } catch {
            throw AuditLogError.wrapping(error, file: StoreManifest.fileName)
        }
    }

    /// Every event that is readable now: at least every one that was acknowledged before the call.
    package func refresh() throws(AuditLogError) -> StoreSnapshot {
        do {
            return try state.withLock { state in
                for attempt in 1...StoreFollower.attemptsMax {
                    if let snapshot = try look(&state, attempt: attempt) {
                        return snapshot
                    }
                }
                throw AuditLogError.failed(cause: "the store changed faster than it could be read")
            }
        } catch {
            throw AuditLogError.wrapping(error, file: path)
        }
    }

    /// Announces that a refresh may find more. The directory is watched for as long as anybody holds what this gives.
    package func watcher() throws(AuditLogError) -> DirectoryWatcher {
        do throws(StorageError) {
            return try watched.withLock { (watched) throws(StorageError) in
                if let watcher = watched.watcher { return watcher }
                let watcher = try DirectoryWatcher(path: path)
                watched.watcher = watcher
                return watcher
            }
        } catch {
            throw .storage(error)
        }
    }

    private struct Watched {
        weak var watcher: DirectoryWatcher?
    }

    /// What was found damaged by the last refresh.
    package var problems: [Problem] { state.withLock { $0.problems } }

    /// One look; nil when segments and log did not fit together.
    private func look(_ state: inout State, attempt: Int) throws -> StoreSnapshot? {
        state.problems = []
        state.losses = []
        let isLast = attempt == StoreFollower.attemptsMax
        do {
            // The newest segment may just be being sealed, and shorter than it was a moment ago.
            guard let segments = try readSegments(&state, mayBeChanging: attempt < 3) else { return nil }
            return try readLog(&state, behind: segments, isLast: isLast)
        } catch let error as StorageError where error.code == .noSuchFile && !isLast {
            // A log file went away between the list and the look.
            return nil
        }
    }

    // MARK: Segments

    private func readSegments(
        _ state: inout State, mayBeChanging: Bool
    ) throws -> [StoreSnapshot.Segment]? {
        let isSame = try state.names.look(in: storage)
        let numbers = state.names.segments
        if isSame, state.shownNumbers == numbers, state.shown.count == numbers.count,
            state.shown.last?.reader.isSealed ?? false
        {
            return state.shown
        }
        if !numbers.starts(with: state.shownNumbers) { state.summary = StoreSummary(budget: cache.indexes) }
        state.shown = []
        state.shownNumbers = []
        let segments = try readSegments(numbers, &state, mayBeChanging: mayBeChanging)
        guard let segments else { return nil }
        // What a later look may find readable must not move the places of the others.
        if segments.count == numbers.count, state.problems.isEmpty, state.losses.isEmpty {
            state.shown = segments
            state.shownNumbers = numbers
        } else {
            state.summary = StoreSummary(budget: cache.indexes)
        }
        return segments
    }

    private func readSegments(
        _ numbers: [UInt64], _ state: inout State, mayBeChanging: Bool
    ) throws -> [StoreSnapshot.Segment]? {
        var segments: [StoreSnapshot.Segment] = []
        var prefetch = SegmentPrefetch(storage, numbers.filter { state.sealed[$0] == nil })
        for number in numbers {
            if let known = state.sealed[number] {
                segments.append(StoreSnapshot.Segment(reader: known, entries: known.entries))
                continue
            }
            prefetch.advance()
            let isNewest = number == numbers.last
            do {
                if let segment = try readUnknown(number, isNewest: isNewest, &state) {
                    segments.append(segment)
                }
            } catch let error as FormatError {
                if isNewest, mayBeChanging { return nil }
                let problem = Problem(file: SegmentName.of(number), segment: number, message: "\(error)")
                state.problems.append(problem)
                state.losses.append(problem)
            }
        }
        return segments
    }

    private func readUnknown(
        _ number: UInt64, isNewest: Bool, _ state: inout State
    ) throws -> StoreSnapshot.Segment? {
        let name = SegmentName.of(number)
        let file = try storage.open(name, mode: .read)
        if isNewest {
            do {
                let size = try file.size()
                if try !SegmentReader.hasTrailer(file, size: size) {
                    return try readOpen(name, number: number, file, size: size, &state)
                }
            } catch let error as FormatError {
                // It may have been sealed, and cut, while it was looked at as an open one: then it is read as what it is now.
                guard try SegmentReader.hasTrailer(file, size: file.size()) else { throw error }
            }
        }
        let reader = try SegmentReader(name, in: storage, cache: cache, mustBeSealed: true)
        try reader.header.requirePlace(number, in: manifest)
        // Columns are asked instead of the index: no event is missing for it.
        if let problem = reader.indexProblem {
            state.problems.append(Problem(file: name, segment: number, message: "\(problem)"))
        }
        state.sealed[number] = reader
        if state.open?.reader.header.number == number { state.open = nil }
        return StoreSnapshot.Segment(reader: reader, entries: reader.entries)
    }

    /// Looks for blocks that were added to the open segment since the last look.
    private func readOpen(
        _ name: String, number: UInt64, _ file: any StorageFile, size: Int, _ state: inout State
    ) throws -> StoreSnapshot.Segment? {
        if state.open?.reader.header.number != number {
            guard let header = try readHeader(file, size: size) else { return nil }
            try header.requirePlace(number, in: manifest)
            let reader = SegmentReader(open: name, header: header, file: file, cache: cache)
            state.open = OpenSegment(
                reader: reader, terms: GrowingTerms(), chainAfter: header.chainBefore)
        }
        guard var open = state.open else { return nil }
        let scan = try scanNewBlocks(file, open, limit: size)
        for piece in scan.pieces {
            switch piece {
            case .block(let entry, let block):
                try open.reader.announce(block)
                open.entries.append(entry)
                open.nextIndex = block.header.index + 1
                open.chainAfter = block.header.chainAfter
            case .damaged(_, let problem):
                open.damage.append(Problem(file: name, segment: number, message: "\(problem)"))
            }
        }
        open.end = scan.end
        state.open = open
        state.problems += open.damage
        state.losses += open.damage
        return StoreSnapshot.Segment(reader: open.reader, entries: open.entries)
    }

    /// The header of an open segment, or nil where there is none yet and so no block: the file is just being created.
    private func readHeader(_ file: any StorageFile, size: Int) throws -> SegmentHeader? {
        do {
            return try file.bytes(at: 0, SegmentHeader.byteCount, what: "segment header")
                .withView { try SegmentHeader($0) }
        } catch let error as FormatError {
            // The header is durable before the first block is written: behind a block it can only be damaged.
            let start = SegmentHeader.byteCount
            guard size >= start + BlockHeader.byteCount,
                let block = try? file.bytes(at: start, BlockHeader.byteCount, what: "block header"),
                (try? block.withView { try BlockHeader($0, origin: start) }) != nil
            else { return nil }
            throw error
        } catch {
            return nil
        }
    }

    /// The blocks behind those known. What looks like damage may be a block that was just being written, with the next
    /// one already there when the scan came to it: then the second look finds it whole.
    private func scanNewBlocks(_ file: any StorageFile, _ open: OpenSegment, limit: Int) throws -> BlockScan {
        func scan() throws -> BlockScan {
            try BlockScan(
                file, header: open.reader.header, from: open.end, index: open.nextIndex,
                sequence: open.entries.last?.endSequence, limit: limit, terms: open.terms)
        }
        let first = try scan()
        return first.hasDamage ? try scan() : first
    }

    // MARK: Log

    private func readLog(
        _ state: inout State, behind segments: [StoreSnapshot.Segment], isLast: Bool
    ) throws -> StoreSnapshot? {
        let end = segments.last?.endSequence ?? 0
        if var log = state.log {
            state.log = nil
            // Blocks that are ahead of the log tell of damage in it.
            let isSound = try log.readOn(in: storage) {
                _ = try state.names.look(in: storage)
                return state.names.logs
            }
            if isSound, log.replay.nextSequence >= end {
                log.drop(before: end)
                state.log = log
                return snapshot(segments, log.replay, end, state)
            }
        }
        return try readWholeLog(&state, behind: segments, isLast: isLast)
    }

    private func readWholeLog(
        _ state: inout State, behind segments: [StoreSnapshot.Segment], isLast: Bool
    ) throws -> StoreSnapshot? {
        let end = segments.last?.endSequence ?? 0
        let entropy = SystemEntropySource()
        var replay = LogReplay(
            after: end, chainHead: try chainHead(segments, state), blockEvents: manifest.blockEvents,
            newSeed: { entropy.bytes(16) })
        var files: [LogReplay.File] = []
        for (number, path) in try LogFile.list(in: storage, directory: "") {
            let bytes = try LogFile.read(path, in: storage, syncing: false)
            let header = bytes.withView { try? LogFileHeader($0) }
            // It was recycled between the list and the look.
            if let header, header.fileNumber != number, !isLast { return nil }
            files.append(LogReplay.File(path: path, bytes: bytes, header: header))
        }
        try replay.add(files, store: manifest.storeID.withView { Octets16($0) })
        state.logLosses = []
        if !replay.lost.isEmpty {
            guard isLast else { return nil }
            state.logLosses = replay.findings.map {
                Problem(file: $0.file, segment: nil, message: "\($0)")
            }
            state.problems += state.logLosses
        }
        if let newest = files.compactMap({ $0.header?.fileNumber }).max() {
            state.log = try LogTail(replay, newest: newest, in: storage)
        }
        return snapshot(segments, replay, end, state)
    }

    /// What segments that reach up to `end` and the log behind them hold.
    private func snapshot(
        _ segments: [StoreSnapshot.Segment], _ replay: LogReplay, _ end: UInt64, _ state: State
    ) -> StoreSnapshot {
        StoreSnapshot(
            storeID: manifest.storeID, segments: segments,
            tail: replay.runs.map { replayed in
                let first = replayed.run.firstSequence
                return StoreSnapshot.Tail(
                    run: replayed.run, count: replayed.run.count, start: end > first ? Int(end - first) : 0)
            },
            endSequence: replay.nextSequence, problems: state.losses + state.logLosses,
            summary: state.summary)
    }

    private func chainHead(_ segments: [StoreSnapshot.Segment], _ state: State) throws -> Digest {
        guard let last = segments.last else {
            return EventChain.genesis(storeID: try Bytes16.checked(manifest.storeID))
        }
        if let open = state.open, open.reader === last.reader {
            return try Digest.checked(open.chainAfter, "block header: chain hash")
        }
        if let heads = try? last.reader.heads() {
            return try Digest.checked(heads.chainAfter, "segment heads")
        }
        guard let entry = last.entries.last, let block = try? last.reader.openBlock(entry) else {
            return .zero
        }
        return try Digest.checked(block.header.chainAfter, "block header: chain hash")
    }
}

extension SegmentReader {
    /// True when the file ends in the magic of a sealed segment, whether or not the rest of the trailer is right.
    static func hasTrailer(_ file: any StorageFile, size: Int) throws -> Bool {
        guard size >= SegmentHeader.byteCount + SegmentFooter.trailerBytes else { return false }
        return try file.bytes(at: size - 8, 8, what: "segment trailer").withView {
            $0.raw.elementsEqual(SegmentFooter.magic)
        }
    }
}
