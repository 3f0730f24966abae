import TallyrollFormat
import TallyrollIntegrity

extension LogFile {
    /// A new log file that begins with the events that are in no block: all that the files before it were still
    /// needed for. Durable, events included, before this returns; when anything fails the half-made file is removed, as
    /// far as that is possible.
    static func begin(
        number: UInt64, context: StoreContext, progress: BlockProgress, openRun: EventRun?
    ) throws(StorageError) -> LogFile {
        var frontier: [UInt8] = []
        progress.frontier.encode(into: &frontier)
        let log = try LogFile.create(
            in: context.storage, directory: "",
            header: LogFileHeader(
                store: context.manifest.storeID.withView { Octets16($0) }, fileNumber: number,
                epoch: context.epoch, firstSequence: progress.upTo, blocksUpTo: progress.upTo,
                sealedSegments: progress.sealedSegments, chainHead: progress.chainHead.array,
                frontier: frontier))
        do throws(StorageError) {
            if let openRun { try log.repeatEvents(of: openRun) }
            return log
        } catch {
            try? log.close()
            try? context.storage.remove(log.path)
            throw error
        }
    }

    private func repeatEvents(of run: EventRun) throws(StorageError) {
        var row = 0
        while row < run.count {
            var end = row + 1
            while end < run.count, run.recordedAt(end) == run.recordedAt(row) { end += 1 }
            try append(
                LogFrameContent(
                    firstSequence: run.firstSequence + UInt64(row), eventCount: UInt32(end - row),
                    recordedAt: run.recordedAt(row), durableUpTo: run.firstSequence,
                    runs: row == 0 ? [LogRun(firstIndex: 0, seed: run.seed.withView { Octets16($0) })] : [],
                    records: [run.records(row..<end)]))
            row = end
        }
        try sync()
    }
}
