import Testing
import TallyrollFormat

@Suite struct PostingsListTests {
    static let seeds: [UInt64] = [1, 2, 3]

    @Test(arguments: seeds) func decodesWhatWasWritten(seed: UInt64) throws {
        var random = PostingsRandom(seed: seed)
        for (ordinals, universe) in PostingsSamples.all(&random) {
            let owned = try OwnedList(ordinals, universe: universe)
            defer { withExtendedLifetime(owned) {} }
            let list = owned.list
            try list.checkInvariants()
            #expect(list.count == ordinals.count)
            #expect(list.decode() == ordinals, "\(ordinals.count) of \(universe)")
            var forward: [UInt32] = []
            var cursor = PostingCursor(list)
            while let ordinal = cursor.next() { forward.append(ordinal) }
            #expect(forward == ordinals)
            var backward: [UInt32] = []
            var reverse = ReversePostingCursor(list)
            while let ordinal = reverse.next() { backward.append(ordinal) }
            #expect(backward == ordinals.reversed())
        }
    }

    @Test(arguments: seeds) func seeksAsAScanWould(seed: UInt64) throws {
        var random = PostingsRandom(seed: seed)
        for (ordinals, universe) in PostingsSamples.all(&random) {
            let owned = try OwnedList(ordinals, universe: universe)
            defer { withExtendedLifetime(owned) {} }
            var targets = (0..<60).map { _ in random.below(universe) }
            targets += ordinals.prefix(3).flatMap { [Int($0), Int($0) - 1, Int($0) + 1] }
            targets += ordinals.suffix(3).flatMap { [Int($0), Int($0) - 1, Int($0) + 1] }
            targets += (0..<10).compactMap { _ in ordinals.randomElement(using: &random).map { Int($0) } }
            targets += [-1, 0, universe - 1, universe, universe + 1]
            for target in targets {
                let below = lowerBound(ordinals, target)
                let isMember = below < ordinals.count && Int(ordinals[below]) == target
                #expect(owned.list.rank(of: target) == below)
                #expect(owned.list.contains(target) == isMember)
                var cursor = PostingCursor(owned.list)
                cursor.seek(atLeast: target)
                #expect(cursor.current == (below < ordinals.count ? Int(ordinals[below]) : PostingCursor.end))
                var reverse = ReversePostingCursor(owned.list)
                reverse.seek(atMost: target)
                let last = isMember ? below : below - 1
                #expect(reverse.current == (last >= 0 ? Int(ordinals[last]) : ReversePostingCursor.end))
            }
            checkWalk(owned.list, ordinals, targets.sorted())
        }
    }

    /// One cursor that seeks through all targets, with steps between, in both directions.
    private func checkWalk(_ list: PostingList, _ ordinals: [UInt32], _ targets: [Int]) {
        var cursor = PostingCursor(list)
        var index = 0
        for target in targets {
            cursor.seek(atLeast: target)
            index = max(index, lowerBound(ordinals, target))
            #expect(cursor.current == (index < ordinals.count ? Int(ordinals[index]) : PostingCursor.end))
            guard !cursor.isAtEnd else { break }
            cursor.advance()
            index += 1
        }
        var reverse = ReversePostingCursor(list)
        var last = ordinals.count - 1
        for target in targets.reversed() {
            reverse.seek(atMost: target)
            last = min(last, lowerBound(ordinals, target + 1) - 1)
            #expect(reverse.current == (last >= 0 ? Int(ordinals[last]) : ReversePostingCursor.end))
            guard !reverse.isAtEnd else { break }
            reverse.advance()
            last -= 1
        }
    }

    @Test(arguments: seeds) func rangesAndBitmaps(seed: UInt64) throws {
        var random = PostingsRandom(seed: seed)
        for (ordinals, universe) in PostingsSamples.all(&random) {
            let owned = try OwnedList(ordinals, universe: universe)
            defer { withExtendedLifetime(owned) {} }
            for _ in 0..<8 {
                let first = random.below(universe + 1)
                let length = min(random.below(universe + 2 - first), 1 << 20)
                let range = first..<(first + length)
                let expected = ordinals.filter { range.contains(Int($0)) }
                #expect(owned.list.decode(in: range) == expected)
                #expect(owned.list.count(in: range) == expected.count)
                var bitmap = OrdinalBitmap(range: range)
                bitmap.formUnion(owned.list)
                #expect(bitmap.decode() == expected)
                #expect(bitmap.count == expected.count)
            }
        }
    }

    @Test(arguments: seeds) func setsAgreeWithSets(seed: UInt64) throws {
        var random = PostingsRandom(seed: seed)
        for universe in [1, 2, 100, 5_000, 100_000] {
            for _ in 0..<20 {
                let owned = try (0..<(1 + random.below(4))).map { _ in
                    let share = [1, 2, 3, 20, 500][random.below(5)]
                    let count = random.below(universe / share + 2)
                    return try OwnedList(
                        PostingsSamples.random(count: min(count, universe), universe: universe, &random),
                        universe: universe)
                }
                let lists = owned.map(\.list)
                let first = random.below(universe)
                let range =
                    random.below(2) == 0 ? 0..<universe : first..<(first + random.below(universe - first + 1))
                let sets = lists.map { Set($0.decode().filter { range.contains(Int($0)) }) }
                let common = sets.dropFirst().reduce(sets[0]) { $0.intersection($1) }.sorted()
                #expect(PostingSets.intersection(lists, in: range) == common)
                #expect(PostingSets.intersectionCount(lists, in: range) == common.count)
                #expect(PostingSets.intersectionBitmap(lists, in: range).decode() == common)
                var reverse = ReverseIntersectionCursor(lists)
                reverse.seek(atMost: range.upperBound - 1)
                var upward: [UInt32] = []
                var cursor = IntersectionCursor(lists)
                cursor.seek(atLeast: range.lowerBound)
                while cursor.current < range.upperBound {
                    upward.append(UInt32(cursor.current))
                    cursor.advance()
                }
                #expect(upward == common)
                var downward: [UInt32] = []
                while reverse.current >= range.lowerBound {
                    downward.append(UInt32(reverse.current))
                    reverse.advance()
                    if reverse.isAtEnd { break }
                }
                #expect(downward == common.reversed())
                #expect(PostingSets.union(lists, in: range) == sets.reduce(Set()) { $0.union($1) }.sorted())
                if lists.count > 1 {
                    let difference = PostingSets.difference(lists[0], lists[1], in: range)
                    #expect(difference == sets[0].subtracting(sets[1]).sorted())
                }
                withExtendedLifetime(owned) {}
            }
        }
    }

    @Test func emptySetOperations() {
        #expect(PostingSets.intersection([], in: 3..<6) == [3, 4, 5])
        #expect(PostingSets.union([], in: 3..<6) == [])
        var bitmap = OrdinalBitmap(all: 10..<80)
        #expect(bitmap.count == 70)
        bitmap.subtract(OrdinalBitmap(all: 10..<80))
        #expect(bitmap.count == 0)
        bitmap.invert()
        bitmap.formIntersection(OrdinalBitmap(all: 10..<80))
        #expect(bitmap.decode() == Array(10..<80))
    }

    /// Every bit of small lists flipped: answers stay inside the universe, and the check finds what is not a
    /// list that a writer would write.
    @Test func flippedBitsStayInRange() throws {
        var random = PostingsRandom(seed: 7)
        for (count, universe) in [(1, 100), (2, 100), (30, 5_000), (130, 140), (90, 1_000), (300, 90_000)] {
            let ordinals = PostingsSamples.random(count: count, universe: universe, &random)
            let bitCount = PostingList.bitCount(count: count, universe: universe)
            let original = try OwnedList(ordinals, universe: universe)
            let bytes = original.bytes.view.array
            for bit in 0..<bytes.count * 8 {
                var damaged = bytes
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                do {
                    let owned = try OwnedList(
                        bytes: damaged, bitCount: bitCount, count: count, universe: universe)
                    defer { withExtendedLifetime(owned) {} }
                    #expect(bit < bitCount)
                    exercise(owned.list, &random)
                    let isValid = (try? owned.list.checkInvariants()) != nil
                    let decoded = owned.list.decode()
                    #expect(!isValid || (decoded.count == count && decoded != ordinals))
                } catch {
                    #expect(bit >= bitCount, "only padding is refused on opening")
                }
            }
        }
    }

    @Test func randomBitsStayInRange() throws {
        var random = PostingsRandom(seed: 11)
        for _ in 0..<400 {
            let universe = 1 + random.below(1 << (1 + random.below(16)))
            let count = random.below(universe + 1)
            let bitCount = PostingList.bitCount(count: count, universe: universe)
            let bytes = (0..<BitView.bytes(forBits: bitCount)).map { index -> UInt8 in
                guard index * 8 < bitCount else { return 0 }
                let byte = random.below(3) == 0 ? 0xFF : UInt8(truncatingIfNeeded: random.next())
                return bitCount - index * 8 >= 8 ? byte : byte & (1 << UInt8(bitCount - index * 8) - 1)
            }
            let owned = try OwnedList(bytes: bytes, bitCount: bitCount, count: count, universe: universe)
            defer { withExtendedLifetime(owned) {} }
            exercise(owned.list, &random)
        }
    }

    @Test func impossibleNumbersThrow() throws {
        let bytes = Bytes([UInt8](repeating: 0, count: 10))
        let view = try BitView(bytes.view, count: 16, what: "test", origin: 0)
        #expect(throws: FormatError.self) { try PostingList(view, at: 0, count: 2, universe: 1) }
        #expect(throws: FormatError.self) { try PostingList(view, at: 0, count: -1, universe: 1) }
        #expect(throws: FormatError.self) { try PostingList(view, at: 0, count: 1, universe: 1 << 33) }
        #expect(throws: FormatError.self) { try PostingList(view, at: 0, count: 20, universe: 1 << 30) }
        #expect(throws: FormatError.self) { try PostingList(view, at: 12, count: 1, universe: 1 << 10) }
        #expect(throws: FormatError.self) { try PostingList(view, at: 17, count: 0, universe: 10) }
        #expect(throws: FormatError.self) { try BitView(bytes.view, count: 17, what: "test", origin: 0) }
        withExtendedLifetime(bytes) {}
    }

    /// Uses every way of reading on a list whose bits may be anything.
    private func exercise(_ list: PostingList, _ random: inout PostingsRandom) {
        let universe = list.universe
        #expect(list.decode().allSatisfy { Int($0) < universe })
        var reverse = ReversePostingCursor(list)
        var steps = 0
        while let ordinal = reverse.next() {
            guard Int(ordinal) < universe else { break }
            steps += 1
        }
        #expect(reverse.isAtEnd && steps <= universe)
        for _ in 0..<4 {
            let target = random.below(universe)
            let rank = list.rank(of: target)
            #expect(rank >= 0 && rank <= list.count)
            _ = list.contains(target)
            var cursor = PostingCursor(list)
            cursor.seek(atLeast: target)
            #expect(cursor.current >= target && (cursor.isAtEnd || cursor.current < universe))
            var down = ReversePostingCursor(list)
            down.seek(atMost: target)
            #expect(down.current <= target && down.current >= -1)
            let range = target..<(target + random.below(universe - target + 1))
            _ = list.decode(in: range)
            _ = list.count(in: range)
            #expect(PostingSets.intersection([list, list], in: range).allSatisfy { Int($0) < universe })
            #expect(PostingSets.union([list, list], in: range).allSatisfy { Int($0) < universe })
        }
    }

    private func lowerBound(_ ordinals: [UInt32], _ target: Int) -> Int {
        var (low, high) = (0, ordinals.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(ordinals[middle]) < target { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
