import Synchronization
import TallyrollFormat

/// What the parts of an open store share.
final class StoreContext: Sendable {
    let storage: any Storage
    let time: any TimeSource
    let entropy: any EntropySource
    let options: StoreOptions
    let manifest: StoreManifest
    let epoch: UInt64
    let cache: BlockCache
    let state: Mutex<StoreState>
    /// Announced when readers see more events; closed with the writer.
    let appended = ChangeSignal()
    let runs: RunPool
    let batches = BatchPool()

    init(
        storage: any Storage, time: any TimeSource, entropy: any EntropySource, options: StoreOptions,
        manifest: StoreManifest, epoch: UInt64, cache: BlockCache
    ) {
        self.storage = storage
        self.time = time
        self.entropy = entropy
        self.options = options
        self.manifest = manifest
        self.epoch = epoch
        self.cache = cache
        state = Mutex(StoreState(cache))
        runs = RunPool(
            events: manifest.blockEvents,
            bytes: StoreContext.blockBytes(manifest) + StoreContext.eventBytesMax(manifest))
    }

    /// What new segments get.
    var indexes: SegmentIndexes { manifest.indexes }

    /// Canonical bytes after which a run is closed: of a small segment no more than it holds, since nothing may make them
    /// smaller.
    var blockBytes: Int { StoreContext.blockBytes(manifest) }

    /// The largest event this store takes, in canonical bytes: a quarter of a segment, so that a block with it fits.
    var eventBytesMax: Int { StoreContext.eventBytesMax(manifest) }

    private static func blockBytes(_ manifest: StoreManifest) -> Int {
        min(Limits.blockBytes, manifest.segmentBytes)
    }

    private static func eventBytesMax(_ manifest: StoreManifest) -> Int {
        min(Limits.eventBytes, manifest.segmentBytes / 4)
    }
}
