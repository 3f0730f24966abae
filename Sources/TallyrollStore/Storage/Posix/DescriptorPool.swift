import Synchronization
import TallyrollFormat

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Keeps the number of files that are open for reading within what a process may have: a store can have more segments
/// than that. Files that were not used lately give their descriptors back, and are opened again when they are.
final class DescriptorPool: Sendable {
    private struct State {
        /// Files that have a descriptor, in no order.
        var open: [PooledFile] = []
        /// Where the look for a file that can do without goes on.
        var hand = 0
    }

    private let state = Mutex(State())
    /// Files that hold a descriptor at most; those at work this moment may come on top.
    let limit: Int

    init(limit: Int) { self.limit = max(limit, 1) }

    /// Half of what the process may open: the rest is the application's.
    static func usual() -> DescriptorPool {
        var bounds = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        let isKnown = getrlimit(resource, &bounds) == 0
        return DescriptorPool(limit: isKnown ? max(16, Int(clamping: bounds.rlim_cur) / 2) : 128)
    }

    /// Opens a file by `open` once there is room, unless another thread just did, and takes it in.
    func take(
        _ file: PooledFile, _ open: () throws(StorageError) -> PosixFile
    ) throws(StorageError) -> PosixFile {
        while true {
            let outcome = state.withLock { state -> Result<PosixFile, StorageError> in
                if let known = file.current { return .success(known) }
                while state.open.count >= limit { DescriptorPool.closeOne(&state) }
                do throws(StorageError) {
                    let opened = try open()
                    state.open.append(file)
                    file.set(opened)
                    return .success(opened)
                } catch {
                    return .failure(error)
                }
            }
            switch outcome {
            case .success(let opened): return opened
            case .failure(let error):
                // Others took what was left: do with fewer.
                guard error.code == .tooManyFiles, closeSome() else { throw error }
            }
        }
    }

    /// Forgets a file that was closed for good.
    func remove(_ file: PooledFile) {
        state.withLock { state in
            guard let place = state.open.firstIndex(where: { $0 === file }) else { return }
            state.open.swapAt(place, state.open.count - 1)
            state.open.removeLast()
        }
    }

    /// The number of files that hold a descriptor.
    var count: Int { state.withLock { $0.open.count } }

    private func closeSome() -> Bool {
        state.withLock { state in
            let count = (state.open.count + 3) / 4
            for _ in 0..<count { DescriptorPool.closeOne(&state) }
            return count > 0
        }
    }

    /// Takes the descriptor of a file that was not used since the hand passed it last.
    private static func closeOne(_ state: inout State) {
        while true {
            if state.hand >= state.open.count { state.hand = 0 }
            guard state.open[state.hand].giveUp() else {
                state.hand += 1
                continue
            }
            state.open.swapAt(state.hand, state.open.count - 1)
            state.open.removeLast()
            return
        }
    }
}

/// What of a file is shared between whoever reads it and the pool.
final class PooledFile: Sendable {
    private struct State {
        var file: PosixFile?
        var wasUsed = true
    }

    private let state = Mutex(State())

    /// The open file, if there is one; it stays open for as long as the caller holds it.
    var current: PosixFile? {
        state.withLock { state in
            state.wasUsed = true
            return state.file
        }
    }

    func set(_ file: PosixFile?) {
        state.withLock { state in
            state.file = file
            state.wasUsed = true
        }
    }

    /// Lets go of the file, unless it was used since it was asked last.
    fileprivate func giveUp() -> Bool {
        state.withLock { state in
            if state.wasUsed {
                state.wasUsed = false
                return false
            }
            state.file = nil
            return true
        }
    }
}
