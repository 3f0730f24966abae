import ArgumentParser
import TallyrollStore

/// Which store a command works on.
struct StoreOption: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The store's directory; without it, $TALLYROLL_STORE.", valueName: "directory"))
    var store: String?

    /// The store's directory.
    func path() throws(CommandFailure) -> String {
        if let store {
            guard !store.isEmpty else { throw CommandFailure(.usage, "--store names no directory: give one") }
            return store
        }
        if let value = getenv("TALLYROLL_STORE") {
            let path = String(cString: value)
            if !path.isEmpty { return path }
        }
        throw CommandFailure(.usage, "no store was named: use --store DIRECTORY or set TALLYROLL_STORE")
    }

    /// The directory of a store that must be there.
    func existing() throws(CommandFailure) -> StorePlace {
        let place = StorePlace(path: try path())
        guard try place.exists() else { throw CommandFailure(.noStore(path: place.path)) }
        return place
    }
}

/// A directory that is or will be a store.
struct StorePlace {
    let path: String

    var storage: PosixStorage { PosixStorage(root: path) }

    /// Whether a store has been created here.
    func exists() throws(CommandFailure) -> Bool {
        do throws(StorageError) {
            return try storage.exists(StoreManifest.fileName)
        } catch {
            throw CommandFailure(.storage(error))
        }
    }

    /// The bytes of all files, as `du` would count them without their directory.
    func bytesOnDisk() throws(CommandFailure) -> Int {
        do throws(StorageError) {
            return try StorePlace.sizes(in: storage).reduce(0) { $0 + $1.bytes }
        } catch {
            throw CommandFailure(.storage(error))
        }
    }

    /// The files and their sizes. A writer may remove files of the log meanwhile.
    static func sizes(in storage: any Storage) throws(StorageError) -> [(name: String, bytes: Int)] {
        var sizes: [(name: String, bytes: Int)] = []
        for name in try storage.list("") {
            do throws(StorageError) {
                let file = try storage.open(name, mode: .read)
                sizes.append((name, try file.size()))
                try file.close()
            } catch  where error.code == .noSuchFile {
                continue
            }
        }
        return sizes
    }
}
